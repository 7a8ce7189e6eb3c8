namespace Interactive.Kernel.Scripting;

/// <summary>
/// Something that a cell asks for with a first line <c>#!name arguments</c> instead of being compiled as it stands.
/// </summary>
public interface IDirective
{
    /// <summary>The word after <c>#!</c>.</summary>
    string Name { get; }

    /// <summary>One line that tells what it does and what it accepts.</summary>
    string Help { get; }

    /// <summary>Whether lists and completions offer it; default true.</summary>
    bool IsListed => true;

    /// <summary>Does it. It begins on the session's thread; an interrupt cancels the token.</summary>
    /// <returns>The cell's value, null for none.</returns>
    /// <exception cref="UsageException">The arguments are wrong.</exception>
    Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken);
}
