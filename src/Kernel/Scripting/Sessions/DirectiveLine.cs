using System.Text.RegularExpressions;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// A cell's first line while it is being written: which directives there are, and what the one named there accepts.
/// </summary>
internal static partial class DirectiveLine
{
    private const string Mark = "#!";

    /// <summary>
    /// Where the first line begins that is a directive and has code above it; null where none is. Lines of texts and
    /// comments are none.
    /// </summary>
    public static int? Cut(string code)
    {
        if (!LaterLine().IsMatch(code)) return null;
        foreach (var trivia in ScriptCompiler.Parse(code, "").GetRoot().DescendantTrivia())
            if (trivia.SpanStart > 0 && trivia.IsDirective && LaterLine().IsMatch("\n" + trivia.ToFullString()))
                return trivia.SpanStart;
        return null;
    }

    [GeneratedRegex(@"\n[ \t]*#![A-Za-z]")]
    private static partial Regex LaterLine();

    /// <summary>Directives that may stand at a position; null when that is not a directive's line.</summary>
    public static IReadOnlyList<CompletionItem>? Complete(DirectiveRegistry directives, string code, int position)
    {
        if (OfPath(code, position) is { } path) return path;
        if (Find(code, position) is not { } line) return null;
        if (position > line.End) return []; // its arguments
        var prefix = code[line.Start..position];
        return [.. directives.All.Select(d => (Text: Mark + d.Name, d.Help))
            .Where(d => d.Text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            .Select(d => new CompletionItem(d.Text, "keyword", line.Start, line.End, d.Help))];
    }

    // After a # stand no names of C#; #r "…" and #load "…" name files and folders.
    private static IReadOnlyList<CompletionItem>? OfPath(string code, int position)
    {
        position = Math.Clamp(position, 0, code.Length);
        var start = position == 0 ? 0 : code.LastIndexOf('\n', position - 1) + 1;
        var line = code[start..position];
        if (!Directive().IsMatch(line)) return null;
        if (!Reference().IsMatch(line)) return [];
        var quote = line.IndexOf('"');
        if (quote < 0 || line[(quote + 1)..] is var begun && (begun.Contains(':') || begun.Contains('"'))) return [];
        var (folder, prefix) = (Path.GetDirectoryName(begun) ?? "", Path.GetFileName(begun));
        var place = Path.GetFullPath(folder.Length == 0 ? "." : folder);
        if (!Directory.Exists(place)) return [];
        return [.. Directory.EnumerateFileSystemEntries(place, "*",
            new EnumerationOptions { IgnoreInaccessible = true })
            .Where(e => Path.GetFileName(e).StartsWith(prefix, StringComparison.Ordinal)
            && (prefix.Length > 0 || !Path.GetFileName(e).StartsWith('.')))
            .Where(e => Directory.Exists(e) || Path.GetExtension(e) is ".csx" or ".dll").Order(StringComparer.Ordinal)
            .Take(100)
            .Select(e => new CompletionItem(Path.GetFileName(e) + (Directory.Exists(e) ? "/" : ""), "module",
            position - prefix.Length, position, e))];
    }

    [GeneratedRegex(@"^\s*#(?!!)")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^\s*#\s*(r|load)\b")]
    private static partial Regex Reference();

    /// <summary>The help of the directive whose line a position is in; null when that is none.</summary>
    public static string? Inspect(DirectiveRegistry directives, string code, int position)
        => Find(code, position) is not { } line ? null
        : directives.All.FirstOrDefault(d
        => code[line.Start..line.End].TrimEnd('?').Equals(Mark + d.Name, StringComparison.OrdinalIgnoreCase))?.Help;

    /// <summary>Where the word that begins a directive's line lies, when the position is in that line.</summary>
    private static (int Start, int End)? Find(string code, int position)
    {
        var start = code.Length - code.TrimStart().Length;
        position = Math.Clamp(position, 0, code.Length);
        if (!code.AsSpan(start).StartsWith(Mark) || position < start + Mark.Length
            || code.AsSpan(start, position - start).Contains('\n')) return null;
        var end = start;
        while (end < code.Length && !char.IsWhiteSpace(code[end])) end++;
        return code.AsSpan(start, end - start).Contains('/') ? null : (start, end); // a script's shebang
    }
}
