namespace Interactive.Kernel.Scripting;

/// <summary>Where scripts and cells ask for a line: the terminal, or a notebook.</summary>
public interface IInputHost
{
    /// <summary>Asks and waits.</summary>
    /// <param name="password">True shows nothing of what is typed.</param>
    /// <returns>The line, null when there is no more input.</returns>
    string? Read(string prompt, bool password);
}
