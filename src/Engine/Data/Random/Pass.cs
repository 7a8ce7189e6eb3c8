using System.Text;

namespace Interactive.Data;

/// <summary>
/// One pass over samples: what is random in a sample is a function of the pass, the sample's number and the name of the
/// stage that draws, so it does not change with workers, ranks or other stages.
/// </summary>
/// <param name="Epoch">The epoch; null for evaluation, where nothing is random.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Repeat">0, or how often the sample has come before in this epoch where samples come more than
/// once.</param>
public readonly record struct Pass(int? Epoch, ulong Seed = 0, int Repeat = 0)
{
    /// <summary>A pass in which nothing is random.</summary>
    public static Pass Evaluation => new(null);

    /// <summary>Whether samples may be changed at random.</summary>
    public bool IsTraining => Epoch is not null;

    /// <summary>The random numbers of one stage for one sample.</summary>
    /// <param name="sample">The sample's number in the data set that draws.</param>
    /// <param name="stage">Names the stage; two of one name draw the same numbers.</param>
    public CounterRandom Random(int sample, string stage)
    {
        var pass = new CounterRandom(Seed, (ulong)(Epoch + 1 ?? 0) << 32 | (uint)Repeat).Next();
        return new CounterRandom(new CounterRandom(pass, (ulong)sample).Next(), Hash(stage));
    }

    // Fowler, Noll and Vo's hash (FNV-1a): the same in every version.
    private static ulong Hash(string text)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var b in Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 0x100000001B3UL;
        return hash;
    }
}
