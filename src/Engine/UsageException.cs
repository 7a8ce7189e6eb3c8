namespace Interactive;

/// <summary>
/// Bad input: the message says in one line what was given and what is accepted. Commands print it and exit with 2.
/// </summary>
/// <param name="message">In one line: what a file or an argument holds may bring line ends in, which become
/// spaces.</param>
public sealed class UsageException(string message) : Exception(message.ReplaceLineEndings(" "));
