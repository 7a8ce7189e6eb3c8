using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class MadeValueTests
{
    [Theory]
    [InlineData("")]
    [InlineData("trunc")]
    [InlineData("a text that is longer than those which a string holds within itself")]
    public void Texts_are_made(string text)
    {
        var made = MadeValue.Text(text);
        Assert.Equal((ValueTag.String, text), (made.Tag, made.Text));
        made.Release();
    }

    [Theory]
    [InlineData(ListKind.Whole, 0)]
    [InlineData(ListKind.Whole, 5)]
    [InlineData(ListKind.Number, 2)]
    [InlineData(ListKind.Flag, 3)]
    [InlineData(ListKind.Tensor, 1)]
    [InlineData(ListKind.Tensor, 100)]
    [InlineData(ListKind.MaybeTensor, 2)]
    internal void Lists_are_made_and_told_apart(ListKind kind, int count)
    {
        var made = MadeValue.List(kind, count);
        Assert.Equal((count, kind), (made.Elements.Length, MadeValue.KindOf(made)));
        made.Release();
    }

    [Fact]
    public void An_operator_takes_a_list_of_numbers()
    {
        var scales = MadeValue.List(ListKind.Number, 2);
        foreach (ref var scale in scales.Elements) scale = NativeValue.Of(2.0);
        using var x = ones(1, 1, 2, 3);
        var results = OperatorCall.Run("aten::upsample_nearest2d", "vec", [NativeValue.Of(x), default, scales]);
        using var y = results[0].ToTensor();
        results[0].Release();
        Assert.Equal([1L, 1, 4, 6], y.shape);
    }

    [Theory]
    [InlineData("aten::add", "Tensor", 3)]
    [InlineData("aten::conv2d", "", 7)]
    [InlineData("aten::no_such", "", null)]
    public void An_operator_s_arguments_are_counted(string name, string overload, int? count)
        => Assert.Equal(count, OperatorSchema.Arguments(name, overload));
}
