using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Interactive.Training;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Writes an exception as its author wants to read it: the frames of the script and of the libraries it called, not the
/// host's. Of a training that diverged, what it says.
/// </summary>
public static partial class ScriptTrace
{
    private const int MostFrames = 40, MostInner = 16;

    /// <summary>
    /// The exception, its inner ones and their frames, with file and line where known. Of very many the first and the
    /// last.
    /// </summary>
    public static string Format(Exception exception)
    {
        if (IsDiverged(exception)) return Message(exception);
        var text = new StringBuilder();
        Append(text, exception, 0);
        return text.ToString().TrimEnd();
    }

    // Of its own for the reason of CommandLine.IsUsage.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsDiverged(Exception exception) => exception is DivergedException;

    /// <summary>
    /// The exception in one line: what it is, what it says, and the line of the script that brought it about.
    /// </summary>
    public static string Line(Exception exception)
    {
        var place = new StackTrace(exception, fNeedFileInfo: true).GetFrames()
            .FirstOrDefault(f => f.GetFileName() is not null
            && f.GetMethod()?.DeclaringType?.FullName?.StartsWith(ScriptCompiler.ClassName,
            StringComparison.Ordinal) == true);
        return $"{Name(exception.GetType())}: {Message(exception).ReplaceLineEndings(" ").Trim()}{(place is null ? "" : $" ({place.GetFileName()}, line {place.GetFileLineNumber()})")}";
    }

    /// <summary>What an exception says; a type of the script's own may itself throw there.</summary>
    public static string Message(Exception exception)
    {
        try { return exception.Message ?? ""; }
        catch (Exception e) { return $"(its Message threw {e.GetType().Name})"; }
    }

    /// <summary>A type as its author wrote it: without the submission that the compiler has put around it.</summary>
    public static string Name(Type type) => Wrapping().Replace(type.ToString(), "");

    [GeneratedRegex(ScriptCompiler.ClassName + @"\d+\+")]
    private static partial Regex Wrapping();

    private static void Append(StringBuilder text, Exception exception, int depth)
    {
        text.AppendLine($"{Name(exception.GetType())}: {Message(exception)}");
        var frames = new StackTrace(exception, fNeedFileInfo: false).FrameCount > 4 * MostFrames ? Ends(exception)
            : new StackTrace(exception, fNeedFileInfo: true).GetFrames().Select(Line);
        foreach (var line in frames)
            if (line is not null) text.AppendLine(line);
        if (depth == MostInner) return;
        foreach (var inner in exception is AggregateException many ? many.InnerExceptions
            : (IReadOnlyList<Exception>)(exception.InnerException is { } one ? [one] : []))
            Append(text.Append("  ---> "), inner, depth + 1);
    }

    // Of an endless recursion there are a hundred thousand.
    private static IEnumerable<string?> Ends(Exception exception)
    {
        // to look up so many lines takes seconds
        var frames = new StackTrace(exception, fNeedFileInfo: false).GetFrames();
        return [.. frames.Take(MostFrames / 2).Select(Line), $"   ... {frames.Length - MostFrames} more ...",
            .. frames.TakeLast(MostFrames / 2).Select(Line)];
    }

    private static string? Line(StackFrame frame)
    {
        if (frame.GetMethod() is not { } method) return null;
        var type = method.DeclaringType;
        if (type?.FullName is not { } full || IsOfHost(full)) return null;
        var place = frame.GetFileName() is { } file ? $" in {RepeatedCell.NameOf(method.Module.Assembly) ?? file}:line {frame.GetFileLineNumber()}" : "";
        return $"   at {Name(full, method.Name)}{place}";
    }

    private static bool IsOfHost(string type)
        => type.StartsWith("Interactive.Kernel.") || type.StartsWith("System.Runtime.CompilerServices.")
        || type.StartsWith("System.Runtime.ExceptionServices.") || type.StartsWith("System.Threading.ExecutionContext")
        || type.StartsWith("System.Threading.Tasks.Task")
        || type.StartsWith("System.Threading.ThreadPool") || type.StartsWith("System.Threading.PortableThreadPool");

    // __Submission_1+<<Initialize>>d__0.MoveNext is the script's top level, __Submission_1+<Run>d__2.MoveNext its
    // method Run.
    private static string Name(string type, string method)
    {
        if (!type.StartsWith(ScriptCompiler.ClassName, StringComparison.Ordinal))
            return Source(type) is { } name && method == "MoveNext" ? $"{type[..type.LastIndexOf('+')]}.{name}"
            : $"{type}.{method}".Replace('+', '.');
        var nested = type.IndexOf('+') is >= 0 and var plus ? type[(plus + 1)..] : "";
        if (Source(nested) is { } source && method == "MoveNext")
            return source == "Initialize" ? "(top level)" : source;
        if (method is "<Initialize>" or "<Factory>") return "(top level)";
        var called = Source(method) is { } lambda ? lambda == "Initialize" ? "(lambda)" : lambda : method;
        nested = nested.StartsWith('<') ? "" : nested.Replace('+', '.') + ".";
        return nested.Length > 1 ? nested + called : called;
    }

    // "<Run>d__2" -> "Run", "<<Initialize>>d__0" -> "Initialize", "<<Initialize>>g__Local|0_1" -> "Local"
    private static string? Source(string name)
    {
        var open = name.LastIndexOf('+') + 1;
        if (open >= name.Length || name[open] != '<') return null;
        if (name.IndexOf(">g__", StringComparison.Ordinal) is >= 0 and var local)
        {
            var rest = name[(local + 4)..];
            return rest.IndexOf('|') is >= 0 and var bar ? rest[..bar] : rest;
        }
        var source = name[open..].TrimStart('<');
        return source.IndexOf('>') is > 0 and var end ? source[..end] : null;
    }
}
