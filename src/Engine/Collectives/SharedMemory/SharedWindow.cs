namespace Interactive.Collectives;

/// <summary>
/// Memory that the ranks of one host share: every rank has a part of its own and sees the parts of the others.
/// </summary>
internal sealed unsafe class SharedWindow : IDisposable
{
    readonly nint[] parts;
    readonly Action free;

    public SharedWindow(nint[] parts, int mine, long bytes, Action free)
        => (this.parts, Mine, Bytes, this.free) = (parts, mine, bytes, free);

    /// <summary>Index of this rank's part.</summary>
    public int Mine { get; }

    /// <summary>Size of every part.</summary>
    public long Bytes { get; }

    /// <summary>Where the first part alone is used, by all ranks: its size; else 0.</summary>
    public long OneBytes { get; set; }

    /// <summary>Number of parts: ranks on this host.</summary>
    public int Count => parts.Length;

    /// <summary>First byte of a rank's part, aligned to a page.</summary>
    public byte* Part(int index) => (byte*)parts[index];

    /// <summary>Whether the memory lies within this rank's part.</summary>
    public bool Holds(void* data, long bytes) => (byte*)data >= Part(Mine) && (byte*)data + bytes <= Part(Mine) + Bytes;

    /// <summary>Frees it (collective).</summary>
    public void Dispose() => free();
}
