using System.Collections.Immutable;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// The submissions that the next one sees. One that gives nothing to later ones is no link, and one whose names the next defines anew is
/// replaced: a session that makes the same cells again and again does not grow. Never changes: a cell makes the next one.
/// </summary>
internal sealed class SubmissionChain
{
    private sealed record Link(CSharpCompilation Compilation, int Slot, SubmissionMembers Members, bool HasReferences);

    private const int MostKept = 16;

    public static readonly SubmissionChain Empty = new([], ImmutableDictionary<string, RepeatedCell>.Empty);

    private readonly ImmutableList<Link> links;
    private readonly ImmutableDictionary<string, RepeatedCell> cells; // what may run again as it is while this chain lasts, by text

    private SubmissionChain(ImmutableList<Link> links, ImmutableDictionary<string, RepeatedCell> cells) => (this.links, this.cells) = (links, cells);

    public CSharpCompilation? Last => links.IsEmpty ? null : links[^1].Compilation;

    public int Count => links.Count;

    /// <summary>The place of the next submission's object among the session's, which the compiler counts along the chain.</summary>
    public int NextSlot => (links.IsEmpty ? 0 : links[^1].Slot) + 1;

    /// <summary>The chain that a submission can as well be compiled after.</summary>
    /// <param name="code">Its text.</param>
    /// <param name="draft">Makes its compilation after the whole chain; asked for only where the text names all that the last link gives.</param>
    public SubmissionChain For(string code, Func<CSharpCompilation> draft)
    {
        var (rest, members) = (links, (SubmissionMembers?)null);
        while (!rest.IsEmpty && rest[^1] is { HasReferences: false, Members.HasMore: false } last && last.Members.Keys.All(key => code.Contains(key.Split('`')[0], StringComparison.Ordinal))
            && (members ??= SubmissionMembers.Of(draft())).Replace(last.Members)) rest = rest.RemoveAt(rest.Count - 1);
        return rest.Count == links.Count ? this : new(rest, cells.Clear());
    }

    /// <summary>
    /// A cell that has been compiled after this chain, or is what this chain ends with: its text compiled anew would be the same, and the
    /// runtime never takes back what it has loaded. Null for a text that must be compiled.
    /// </summary>
    public RepeatedCell? Again(string code) => cells.GetValueOrDefault(code);

    /// <summary>The chain after a submission that was compiled after this one.</summary>
    /// <param name="code">Its text.</param>
    /// <param name="hasReferences">True where the chain's references come from it.</param>
    public SubmissionChain With(string code, CSharpCompilation compilation, Submission submission, bool hasReferences)
    {
        var members = SubmissionMembers.Of(compilation);
        var hasCode = submission.Image.Length > 0;
        var cell = hasReferences || !hasCode || submission.IsPassing || !RepeatedCell.MayBe(code, compilation, members) ? null
            : new RepeatedCell(compilation, submission, NextSlot);
        if (members is { HasMore: false, Keys.Count: 0 } && !hasReferences)
            return cell is null ? this : new(links, (cells.Count < MostKept ? cells : cells.Clear()).SetItem(code, cell));
        var link = new Link(compilation, hasCode ? NextSlot : NextSlot - 1, members, hasReferences);
        return new(links.Add(link), cell is null ? cells.Clear() : cells.Clear().Add(code, cell));
    }
}
