using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Interactive.Training;

/// <summary>Reads a script's arguments into an options record: each described property is a flag.</summary>
public static partial class CommandLine
{
    /// <summary>
    /// <paramref name="defaults"/> with what the arguments say: <c>--epochs 2 --resume</c>. <c>--help</c> prints the flags
    /// and ends the process.
    /// </summary>
    /// <exception cref="UsageException">An unknown flag, or a value that does not fit.</exception>
    public static T Parse<T>(IEnumerable<string> arguments, T defaults) where T : class
    {
        var flags = typeof(T).GetProperties().Where(p => p.GetCustomAttribute<DescriptionAttribute>() is not null).ToDictionary(p => Flag(p.Name));
        var result = Clone(defaults);
        var queue = new Queue<string>(arguments);
        while (queue.TryDequeue(out var argument))
        {
            if (argument is "--help" or "-h")
            {
                foreach (var (name, property) in flags)
                    Console.WriteLine($"  {name,-20} {property.GetCustomAttribute<DescriptionAttribute>()!.Description} (default {property.GetValue(defaults)})");
                Environment.Exit(0);
            }
            if (!flags.TryGetValue(argument, out var flag))
                throw new UsageException($"unknown option '{argument}': choose from {string.Join(" ", flags.Keys)}");
            flag.SetValue(result, flag.PropertyType == typeof(bool) ? true : Value(argument, queue, flag.PropertyType));
        }
        return result;
    }

    private static object Value(string flag, Queue<string> queue, Type type)
    {
        if (!queue.TryDequeue(out var text)) throw new UsageException($"{flag} needs a value");
        try { return Convert.ChangeType(text, type, CultureInfo.InvariantCulture); }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException($"{flag} takes {(type == typeof(double) ? "a number" : "a whole number")}, got '{text}'");
        }
    }

    private static T Clone<T>(T record) where T : class
        => (T)typeof(T).GetMethod("<Clone>$")!.Invoke(record, null)!;

    /// <summary>The flag of a property: <c>BatchSize</c> is <c>--batch-size</c>.</summary>
    internal static string Flag(string property) => "--" + Hump().Replace(property, "-$1").TrimStart('-').ToLowerInvariant();

    [GeneratedRegex("([A-Z])")]
    private static partial Regex Hump();
}
