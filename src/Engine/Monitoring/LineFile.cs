namespace Interactive.Monitoring;

/// <summary>Adds lines to files that several starts, and several processes, write one after the other.</summary>
internal static class LineFile
{
    /// <summary>Adds one in a single piece. Where the last one was cut, by a disk that was full or a loss of power, it begins anew.</summary>
    /// <param name="path">Made where it is not there.</param>
    /// <param name="line">Without its end.</param>
    /// <param name="toDisk">Whether it is on the disk when this returns.</param>
    public static void Add(string path, ReadOnlySpan<byte> line, bool toDisk = false)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(IsCut(path) ? [(byte)'\n', .. line, (byte)'\n'] : [.. line, (byte)'\n']);
        if (toDisk) file.Flush(flushToDisk: true);
    }

    private static bool IsCut(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        if (file.Length == 0) return false;
        file.Seek(-1, SeekOrigin.End);
        return file.ReadByte() is not ('\n' or -1);
    }
}
