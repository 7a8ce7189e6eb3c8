namespace Interactive.Kernel.Scripting;

/// <summary>One use of a directive: <c>#!name arguments</c> and the lines below it.</summary>
/// <param name="Arguments">What follows the name, split at spaces; quotes keep spaces.</param>
/// <param name="Body">The cell without its first line.</param>
/// <param name="CellName">What stack traces call the cell.</param>
/// <param name="Session">The session that the cell belongs to.</param>
public sealed record DirectiveCall(string Name, IReadOnlyList<string> Arguments, string Body, string CellName,
    ScriptSession Session)
{
    internal Func<string, Task<ScriptResult>>? Runner { get; init; }

    /// <summary>
    /// True for <c>#!name?</c> and <c>#!name --help</c>: the cell's value is what the directive accepts, and nothing is
    /// run.
    /// </summary>
    internal bool AsksForHelp => Name.EndsWith('?') || Arguments is ["--help" or "-h" or "-?"];

    /// <summary>For a directive that takes none: what stands behind its name would be lost.</summary>
    /// <exception cref="UsageException">There are arguments.</exception>
    internal void RefuseArguments()
    {
        if (Arguments.Count > 0)
            throw new UsageException($"#!{Name} takes no arguments, got '{string.Join(' ', Arguments)}': its cell is the lines below");
    }

    /// <summary>
    /// Runs the lines below the directive as a cell of the session; their line numbers are those of the cell.
    /// </summary>
    public Task<ScriptResult> RunBody() => RunCode("\n" + Body);

    /// <summary>
    /// Runs code in the session as part of this cell. To be awaited, not waited for: it needs the session's thread.
    /// </summary>
    public Task<ScriptResult> RunCode(string code)
        => (Runner ?? throw new InvalidOperationException("the call belongs to no running cell"))(code);

    /// <summary>
    /// Reads a cell's first line; null when that is no directive (<c>#!/usr/bin/env</c> is a script's shebang).
    /// </summary>
    internal static DirectiveCall? Read(string code, string cellName, ScriptSession session)
    {
        var text = code.TrimStart();
        if (!text.StartsWith("#!") || text.Length < 3 || !char.IsLetter(text[2])) return null;
        var end = text.IndexOf('\n');
        var words = Split(end < 0 ? text[2..] : text[2..end]);
        return new(words[0], words[1..], end < 0 ? "" : text[(end + 1)..], cellName, session);
    }

    private static List<string> Split(string line)
    {
        List<string> words = [];
        var word = new System.Text.StringBuilder();
        var (quote, any) = ('\0', false);
        foreach (var c in line)
        {
            if (quote != '\0' ? c == quote : c is '"' or '\'') (quote, any) = (quote == '\0' ? c : '\0', true);
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (any) words.Add(word.ToString());
                word.Clear();
                any = false;
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }
        if (any) words.Add(word.ToString());
        return words;
    }
}
