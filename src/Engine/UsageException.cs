namespace Interactive;

/// <summary>Bad input: the message says in one line what was given and what is accepted. Commands print it and exit with 2.</summary>
public sealed class UsageException(string message) : Exception(message);
