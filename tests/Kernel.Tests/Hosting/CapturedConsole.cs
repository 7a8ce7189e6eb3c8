namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// Runs a command inside this process and keeps what it writes. For tests that run alone: the console is everybody's.
/// </summary>
internal static class CapturedConsole
{
    /// <summary>Exit code, stdout and stderr with <c>\n</c> at the ends of lines.</summary>
    public static (int Exit, string Out, string Error) Run(Func<int> command)
    {
        var (previousOut, previousError) = (Console.Out, Console.Error);
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        Console.SetOut(output);
        Console.SetError(error);
        Environment.ExitCode = 0;
        try { return (command(), output.ToString(), error.ToString()); }
        finally
        {
            Console.SetOut(previousOut);
            Console.SetError(previousError);
            Environment.ExitCode = 0;
        }
    }
}
