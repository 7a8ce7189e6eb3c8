namespace Interactive.Kernel.Scripting;

/// <summary>Where this process asks for input: the terminal, unless a kernel has put itself here.</summary>
internal static class InputHost
{
    public static IInputHost Current { get; set; } = new ConsoleInputHost();
}
