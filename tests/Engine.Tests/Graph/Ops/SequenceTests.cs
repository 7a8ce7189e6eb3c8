using Interactive.Graphs;
using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>Attention over parts, masks, recurrent nets and embeddings: autograd's bits.</summary>
public class SequenceTests
{
    private static readonly Dictionary<string, Func<Value, Value>> cases = new()
    {
        ["attention"] = x => Attend(x, causal: false),
        ["causal attention"] = x => Attend(x, causal: true),
        ["scaled attention"] = x => Attend(x, causal: false, scale: 0.3),
        ["attention to fewer keys"] = x => Heads(x).Attend(Heads(x.Narrow(1, 0, 5)), Heads(x.Narrow(1, 0, 5))),
        ["masked attention"] =
            x => Heads(x).Attend(Heads(x), Heads(x), x.Narrow(2, 0, 7).Clamp(0, 9).Narrow(1, 0, 7).Unsqueeze(1)),
        ["masked_fill"] = x => x.Linear(12).MaskedFill(Mask(x, 12), -2),
        ["masked_fill by a column"] = x => x.Linear(12).MaskedFill(x.Clamp(0, 9).Narrow(2, 0, 1).EqualTo(0), 3),
        ["where"] = x => Mask(x, 12).Where(x.Linear(12), x.Linear(12).Tanh()),
        ["where of a row"] = x => Mask(x, 12).Where(x.Linear(12).Narrow(1, 0, 1), x.Narrow(2, 0, 12)),
        ["lstm"] = x => x.Linear(9).Lstm(6),
        ["lstm's last state"] = x => x.Linear(9).Lstm(6, layers: 2, bidirectional: true, lastState: true),
        ["gru"] = x => x.Linear(9).Gru(6, bidirectional: true),
        ["gru's last state, with dropout"] = x => x.Linear(9).Gru(6, layers: 2, dropout: 0.5, lastState: true),
    };

    private static Value Heads(Value x) => x.Linear(12).Reshape([x.Shape[0], 3, 4]).Transpose(1, 2);
    private static Value Mask(Value x, long width) => x.Narrow(2, 0, width).Clamp(0, 9).EqualTo(0);
    private static Value Attend(Value x, bool causal, double? scale = null)
        => Heads(x).Attend(Heads(x), Heads(x), causal: causal, scale: scale).Transpose(1, 2).Reshape([x.Shape[0], 12]);

    private static bool IsRecurrent(string name)
        => name.StartsWith("lstm", StringComparison.Ordinal) || name.StartsWith("gru", StringComparison.Ordinal);

    public static TheoryData<string> Names => [.. cases.Keys];
    // what recurrent nets keep is the library's affair
    public static TheoryData<string> NamesOfExact => [.. cases.Keys.Where(n => !IsRecurrent(n))];

    private static Graph Net(string name) => OpChecks.Net(new Shape(7, 12), cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name)
        => OpChecks.RunsDirectWithAutogradsBits(() => Net(name), expectDirect: !IsRecurrent(name));

    [Theory]
    [MemberData(nameof(NamesOfExact))]
    public void Keeps_what_it_declares(string name) => OpChecks.DeclaresWhatIsHeld(() => Net(name));

    [Fact]
    public void An_embedding_with_padding_trains_all_tokens_but_that()
    {
        Graph Create() => OpChecks.Net(new Shape(7), x => x.Embedding(9, 5, paddingIndex: 3).Tanh(), ScalarType.Int64);
        OpChecks.TrainsWithAutogradsBits(Create);
        var table = Create().get_parameter("embedding.weight")!;
        Assert.All(table[3].data<float>().ToArray(), w => Assert.Equal(0, w));
    }

    [Fact]
    public void A_recurrent_net_that_reads_tokens_first_is_refused()
        => Assert.Equal("a recurrent net reads samples first: create it with batchFirst: true",
        Assert.Throws<GraphException>(() => new Lstm(nn.LSTM(4, 4))).Message);
}
