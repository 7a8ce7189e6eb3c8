using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// Tells the tool's part of a command line from the script's. After the script's name, the tool's own options count up
/// to the first word that is none, or up to <c>--</c>; from there on nothing is interpreted.
/// </summary>
internal static class ScriptArguments
{
    /// <summary>
    /// The line with a <c>--</c> where the script's part begins, after which the parser interprets nothing.
    /// </summary>
    /// <param name="args">The whole line.</param>
    /// <param name="command">The command that runs the script.</param>
    /// <param name="start">Where its options begin: 1 after its name.</param>
    public static string[] Mark(string[] args, Command command, int start)
    {
        var (tool, script) = Split(args, command, start);
        return script.Length == 0 ? tool : [.. tool, "--", .. script];
    }

    /// <summary>Splits a command line.</summary>
    /// <param name="args">The whole line.</param>
    /// <param name="command">The command that runs the script.</param>
    /// <param name="start">Where its options begin: 1 after its name.</param>
    public static (string[] Tool, string[] Script) Split(string[] args, Command command, int start)
    {
        var hasFile = false;
        for (var i = start; i < args.Length; i++)
        {
            if (Find(command, args[i]) is { } option)
            {
                if (TakesNext(option, args[i])) i++;
            }
            else if (!hasFile)
            {
                if (args[i].Length > 1 && args[i][0] == '-') return (args, []); // help, or what the parser tells of
                hasFile = true;
            }
            else return (args[..i], args[(args[i] == "--" ? i + 1 : i)..]);
        }
        return (args, []);
    }

    private static Option? Find(Command command, string word)
    {
        if (word.Length < 2 || word[0] != '-') return null;
        var cut = word.IndexOfAny(['=', ':']);
        var name = cut < 0 ? word : word[..cut];
        return command.Options.FirstOrDefault(o
            => o.Name is not ("--help" or "--version" or "--info") && (o.Name == name || o.Aliases.Contains(name)));
    }

    private static bool TakesNext(Option option, string word)
        => option.ValueType != typeof(bool) && word.IndexOfAny(['=', ':']) < 0;
}
