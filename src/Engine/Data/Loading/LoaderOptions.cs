namespace Interactive.Data;

/// <summary>How batches are read ahead of their use. None of it changes what is in them.</summary>
/// <param name="Workers">Threads that read; 0 (default) for a choice by the machine.</param>
/// <param name="Ahead">Batches that are being read or wait to be used; default 3.</param>
/// <param name="SharesCores">Training runs on the same cores: fewer threads then, which give way to it. Default
/// true.</param>
public sealed record LoaderOptions(int Workers = 0, int Ahead = 3, bool SharesCores = true)
{
    /// <summary>Threads that read.</summary>
    /// <exception cref="UsageException">A number is out of range.</exception>
    public int Threads()
    {
        if (Workers < 0 || Workers > 1024)
            throw new UsageException($"workers must be 1 to 1024, or 0 for a choice, got {Workers}");
        if (Ahead < 1) throw new UsageException($"batches ahead must be at least 1, got {Ahead}");
        return Workers > 0 ? Workers
            : Math.Max(1, SharesCores ? Environment.ProcessorCount / 4 : Environment.ProcessorCount - 1);
    }
}
