using Interactive.Data;

namespace Interactive.Models;

/// <summary>Draws tokens from scores.</summary>
internal sealed class TokenSampling
{
    private readonly double temperature, topP;
    private readonly int topK;
    private CounterRandom random;

    public TokenSampling(double temperature, int topK, double topP, ulong seed)
    {
        if (!(temperature >= 0)) throw new UsageException($"temperature must be at least 0, got {temperature}");
        if (topK < 0) throw new UsageException($"topK must be at least 0, got {topK}");
        if (topP is not (> 0 and <= 1)) throw new UsageException($"topP must be more than 0 and at most 1, got {topP}");
        (this.temperature, this.topK, this.topP, random) = (temperature, topK, topP, new CounterRandom(seed, 0));
    }

    /// <summary>The next token; of equal scores the first.</summary>
    public int Draw(ReadOnlySpan<float> scores)
    {
        if (temperature == 0) return Best(scores);
        var best =
            scores.ToArray().Select((score, token) => (Score: score, Token: token)).OrderByDescending(t => t.Score)
            .ThenBy(t => t.Token).ToArray();
        if (topK > 0 && topK < best.Length) best = best[..topK];
        var shares = Array.ConvertAll(best, t => Math.Exp((t.Score - best[0].Score) / temperature));
        var sum = shares.Sum();
        var (kept, covered) = (0, 0.0);
        while (kept < shares.Length && covered < topP * sum) covered += shares[kept++];
        var at = random.NextDouble() * covered;
        for (var i = 0; i < kept; i++)
            if ((at -= shares[i]) < 0) return best[i].Token;
        return best[kept - 1].Token;
    }

    private static int Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var token = 1; token < scores.Length; token++)
            if (scores[token] > scores[best]) best = token;
        return best;
    }
}
