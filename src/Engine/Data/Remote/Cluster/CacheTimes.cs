namespace Interactive.Data;

/// <summary>How long the shared cache is waited for, and keeps what it gets.</summary>
internal sealed record CacheTimes
{
    /// <summary>An answer that takes longer counts as none.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>The same for a connection.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A server that failed is not asked for so long.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Others wait for one that fetches a file, and has died, for so long.</summary>
    public TimeSpan Claim { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Others wait for one that fetches a file, and lives, for so long; then they fetch it too.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What nobody needs any more goes after so long.</summary>
    public TimeSpan Kept { get; init; } = TimeSpan.FromDays(1);
}
