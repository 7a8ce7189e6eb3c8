namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>How much a finding weighs; a node is as bad as its worst one. The numbers are exit codes.</summary>
internal enum Fitness
{
    /// <summary>Nothing to say.</summary>
    Fit = 0,

    /// <summary>It trains, but someone should look.</summary>
    Doubtful = 1,

    /// <summary>Nothing should be started on it.</summary>
    Unfit = 2,
}

/// <summary>Something that is not as it should be.</summary>
/// <param name="Check">Which check has found it.</param>
/// <param name="Fitness">How bad it is.</param>
/// <param name="Text">What it is, in words.</param>
internal sealed record Finding(string Check, Fitness Fitness, string Text)
{
    /// <summary>The mark of what this program has written, among the reasons of others.</summary>
    public const string Prefix = "interactive: ";

    public override string ToString() => $"{Prefix}{Check}: {Text}";
}
