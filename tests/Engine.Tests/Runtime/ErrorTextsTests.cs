using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

/// <summary>An error of libtorch's is what it says, without the frames of its own code.</summary>
public sealed class ErrorTextsTests
{
    public ErrorTextsTests() => TorchLoader.EnsureLoaded();

    [Fact]
    public void Errors_end_with_what_they_say()
    {
        Assert.True(ErrorTexts.AreShort);
        using var x = zeros(2, 3);
        Assert.Equal("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", Assert.Throws<ExternalException>(() => x.mm(x)).Message);
        Assert.Equal("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", Assert.Throws<ExternalException>(() => x.matmul(x)).Message); // one that TorchSharp does not catch
        Assert.Equal("select(): index 5 out of range for tensor of size [2, 3] at dimension 0", Assert.Throws<ExternalException>(() => x[5]).Message);
        Assert.Throws<ExternalException>(() => x.view(7)); // and the next call has none of it
        using var sum = x + x;
        Assert.Equal([2, 3], sum.shape);
    }
}
