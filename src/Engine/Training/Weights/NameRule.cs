using System.Text;
using System.Text.RegularExpressions;

namespace Interactive.Training;

/// <summary>
/// How one family of tensors is called in a model here and in a file from elsewhere. In both names <c>#</c> is a number
/// and <c>*</c> the rest, the same on both sides; what stands in brackets may be missing when a file is read, and is
/// written.
/// </summary>
/// <param name="Ours">Such as <c>h.#.attn.c_attn.*</c>.</param>
/// <param name="Theirs">Such as <c>[transformer.]h.#.attn.c_attn.*</c>; empty for what files hold besides and nobody
/// needs.</param>
public sealed record NameRule(string Ours, string Theirs)
{
    private readonly Regex ours = Pattern(Ours), theirs = Pattern(Theirs);

    /// <summary>Whether matrices are stored (inputs, outputs), as the first GPT-2 had them.</summary>
    public bool Transposed { get; init; }
    /// <summary>Which part of ours theirs is, of <see cref="Parts"/> along the first dimension.</summary>
    public int Part { get; init; }
    /// <summary>In how many tensors ours is stored; default 1.</summary>
    public int Parts { get; init; } = 1;
    /// <summary>Dimensions of size 1 that theirs has in front.</summary>
    public int Leading { get; init; }
    /// <summary>
    /// Whether theirs may have more rows, of which the first are taken: a table of more positions than the net has.
    /// </summary>
    public bool FirstRows { get; init; }

    internal string? ToOurs(string name) => Translate(theirs, Ours, name);
    internal string? ToTheirs(string name)
        => Theirs.Length == 0 ? null : Translate(ours, Theirs.Replace("[", "").Replace("]", ""), name);

    /// <summary>The shape that theirs has for one of ours.</summary>
    internal long[] ShapeOf(long[] shape)
    {
        if (Parts > 1) shape = [shape[0] / Parts, .. shape[1..]];
        if (Transposed && shape.Length == 2) shape = [shape[1], shape[0]];
        return [.. Enumerable.Repeat(1L, Leading), .. shape];
    }

    /// <summary>Whether theirs can become ours.</summary>
    internal bool Fits(long[] theirs, long[] ours)
    {
        var due = ShapeOf(ours);
        return due.SequenceEqual(theirs) || FirstRows && theirs.Length == due.Length && theirs.Length > Leading
            && theirs[Leading] > due[Leading]
            && theirs.Where((_, i) => i != Leading).SequenceEqual(due.Where((_, i) => i != Leading));
    }

    private static Regex Pattern(string template)
    {
        var pattern = new StringBuilder("^");
        foreach (var letter in template)
            pattern.Append(letter switch
            {
                '#' => "([0-9]+)",
                '*' => "(.+)",
                '[' => "(?:",
                ']' => ")?",
                _ => Regex.Escape(letter.ToString())
            });
        return new Regex(pattern.Append('$').ToString(), RegexOptions.CultureInvariant);
    }

    private static string? Translate(Regex from, string to, string name)
    {
        if (from.Match(name) is not { Success: true } match) return null;
        var group = 1;
        return Regex.Replace(to, @"[#*]", _ => match.Groups[group++].Value);
    }
}
