using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Interactive.Training;

/// <summary>Reads a script's arguments into an options record: each described property is a flag.</summary>
public static partial class CommandLine
{
    /// <summary>
    /// <paramref name="defaults"/> with what the arguments say: <c>--epochs 2 --resume --no-overlap</c>. What is none in a new record
    /// can be switched off where the script sets it: <c>--no-memory-budget</c>. Numbers have a point,
    /// whatever the country. <c>--help</c> prints the flags and ends the process.
    /// </summary>
    /// <exception cref="UsageException">An unknown flag, or a value that does not fit.</exception>
    public static T Parse<T>(IEnumerable<string> arguments, T defaults) where T : class
    {
        var flags = typeof(T).GetProperties().Where(p => p.GetCustomAttribute<DescriptionAttribute>() is not null).ToDictionary(p => Flag(p.Name));
        var result = Clone(defaults);
        var queue = new Queue<string>(arguments);
        while (queue.TryDequeue(out var argument))
        {
            if (IsHelp(argument))
            {
                Help(flags, defaults);
                Environment.Exit(0);
            }
            var isOff = argument.StartsWith("--no-", StringComparison.Ordinal) && !flags.ContainsKey(argument);
            if (!flags.TryGetValue(isOff ? "--" + argument[5..] : argument, out var flag) || isOff && !MayBeNone(flag))
                throw new UsageException($"unknown option '{argument}': choose from {string.Join(" ", flags.Keys)}");
            flag.SetValue(result, isOff ? Nothing(flag.PropertyType) : flag.PropertyType == typeof(bool) ? true : Value(argument, queue, flag.PropertyType));
        }
        return result;
    }

    private static void Help(Dictionary<string, PropertyInfo> flags, object defaults)
    {
        foreach (var (name, property) in flags)
        {
            var value = property.GetValue(defaults);
            var shown = MayBeNone(property) ? $"{name}, --no-{name[2..]}" : name;
            var text = Convert.ToString(value, CultureInfo.InvariantCulture);
            HelpLine(shown, property.GetCustomAttribute<DescriptionAttribute>()!.Description, string.IsNullOrEmpty(text) ? "none" : text);
        }
    }

    // A switch, and what is nothing where nobody says otherwise: no budget, no augmentation, no warm-up.
    private static bool MayBeNone(PropertyInfo flag)
        => flag.PropertyType == typeof(bool)
            || flag.DeclaringType!.GetConstructor(Type.EmptyTypes) is { } make && Equals(flag.GetValue(make.Invoke(null)), Nothing(flag.PropertyType));

    private static object? Nothing(Type type) => type == typeof(string) ? "" : type.IsValueType ? Activator.CreateInstance(type) : null;

    private static void HelpLine(string flag, string description, string? fallback) => Console.WriteLine($"  {flag,-42} {description} (default {fallback})");

    private static bool IsHelp(string argument) => argument is "--help" or "-h";

    private static object? Value(string flag, Queue<string> queue, Type type)
    {
        if (!queue.TryDequeue(out var text)) throw new UsageException($"{flag} needs a value");
        if (type == typeof(string)) return text;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : throw new UsageException($"{flag} takes a number, got '{text}'");
        if (type.GetMethod("Parse", [typeof(string)]) is { } parse && !type.IsPrimitive)
            try { return parse.Invoke(null, [text]); }
            catch (TargetInvocationException e) when (e.InnerException is UsageException) { throw new UsageException($"{flag}: {e.InnerException.Message}"); }
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) throw new UsageException($"{flag} takes a whole number, got '{text}'");
        try { return Convert.ChangeType(whole, type, CultureInfo.InvariantCulture); }
        catch (OverflowException) { throw new UsageException($"{flag} takes a whole number that is not so {(whole < 0 ? "small" : "large")}, got '{text}'"); }
    }

    private static T Clone<T>(T record) where T : class
        => (T)typeof(T).GetMethod("<Clone>$")!.Invoke(record, null)!;

    /// <summary>The flag of a property: <c>BatchSize</c> is <c>--batch-size</c>.</summary>
    public static string Flag(string property) => "--" + Hump().Replace(property, "-$1").TrimStart('-').ToLowerInvariant();

    [GeneratedRegex("([A-Z])")]
    private static partial Regex Hump();
}
