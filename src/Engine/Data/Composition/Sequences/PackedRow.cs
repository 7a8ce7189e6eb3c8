namespace Interactive.Data;

/// <summary>Documents that lie in one row of tokens.</summary>
/// <param name="Documents">Their tokens, in order.</param>
/// <param name="Length">Tokens of the row, padding included.</param>
public sealed record PackedRow(IReadOnlyList<int[]> Documents, int Length)
{
    private const long Ignored = -100;

    /// <summary>Tokens that are no padding.</summary>
    public int Used => Documents.Sum(d => d.Length);

    internal void Write(Span<long> input, Span<long> next, int padding)
    {
        input.Fill(padding);
        next.Fill(Ignored);
        var at = 0;
        foreach (var document in Documents)
        {
            for (var i = 0; i < document.Length; i++, at++)
            {
                if (at < input.Length) input[at] = document[i];
                if (i > 0) next[at - 1] = document[i];
            }
        }
    }
}
