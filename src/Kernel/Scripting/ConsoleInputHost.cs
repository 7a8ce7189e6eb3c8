using System.Text;

namespace Interactive.Kernel.Scripting;

/// <summary>Asks on the terminal.</summary>
internal sealed class ConsoleInputHost : IInputHost
{
    public string? Read(string prompt, bool password)
    {
        Console.Out.Write(prompt);
        if (!password || Console.IsInputRedirected) return Console.In.ReadLine();
        var line = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key =
            Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace) line.Length = Math.Max(0, line.Length - 1);
            else if (key.KeyChar != '\0') line.Append(key.KeyChar);
        }
        Console.Out.WriteLine();
        return line.ToString();
    }
}
