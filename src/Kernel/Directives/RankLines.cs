using System.Text.RegularExpressions;

namespace Interactive.Kernel.Directives;

/// <summary>
/// The output of ranks by line, each as <c>[rank] text</c>. Open MPI marks every piece that it gets, so that a line
/// which a rank wrote in pieces bears several marks, and those of other ranks in between.
/// </summary>
internal sealed partial class RankLines
{
    // [1,0]<stdout>:
    [GeneratedRegex(@"\[\d+,(\d+)\]<std(?:out|err|diag)>:")]
    private static partial Regex Mark();

    private readonly SortedDictionary<int, string> begun = [];

    /// <summary>Takes a line as mpirun writes it.</summary>
    /// <returns>The lines of ranks that end with it.</returns>
    public IReadOnlyList<string> Add(string line)
    {
        var marks = Mark().Matches(line);
        if (marks.Count == 0) return [line]; // MPICH's "[0] text", or what the launcher says itself
        List<string> ended = marks[0].Index > 0 ? [line[..marks[0].Index]] : [];
        for (var i = 0; i < marks.Count; i++)
        {
            var (rank, isLast) = (int.Parse(marks[i].Groups[1].ValueSpan), i == marks.Count - 1);
            var text = line[(marks[i].Index + marks[i].Length)..(isLast ? line.Length : marks[i + 1].Index)];
            text = begun.GetValueOrDefault(rank) + text;
            begun.Remove(rank);
            if (isLast) ended.Add(Of(rank, text));
            else begun[rank] = text;
        }
        return ended;
    }

    /// <summary>What ranks have written without ending the line.</summary>
    public IEnumerable<string> Rest() => begun.Select(b => Of(b.Key, b.Value));

    private static string Of(int rank, string text) => $"[{rank}] {text}";
}
