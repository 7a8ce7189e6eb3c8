namespace Interactive.Training;

public static partial class CommandLine
{
    /// <summary>
    /// Takes a flag of the script's own out of the arguments, before <see cref="Parse"/> reads the rest:
    /// <c>--tokenizer gpt2</c>. Where <c>--help</c> is asked for it prints its own line, and <see cref="Parse"/> prints
    /// the others.
    /// </summary>
    /// <param name="arguments">The script's arguments; flag and value are removed.</param>
    /// <param name="flag">With its dashes.</param>
    /// <param name="fallback">The value where the flag is not given.</param>
    /// <param name="description">What it means, for <c>--help</c>.</param>
    /// <exception cref="UsageException">The flag comes last, without a value.</exception>
    public static string Take(List<string> arguments, string flag, string fallback,
        string description = "of this script")
    {
        if (arguments.Any(IsHelp)) HelpLine(flag, description, fallback);
        var at = arguments.IndexOf(flag);
        if (at < 0) return fallback;
        if (at + 1 == arguments.Count) throw new UsageException($"{flag} needs a value");
        var value = arguments[at + 1];
        arguments.RemoveRange(at, 2);
        return value;
    }
}
