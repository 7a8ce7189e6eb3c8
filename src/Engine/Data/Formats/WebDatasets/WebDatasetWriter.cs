using System.Formats.Tar;

namespace Interactive.Data;

/// <summary>Writes samples as tar archives that WebDataset reads. An archive has its name when it is whole.</summary>
internal sealed class WebDatasetWriter(string folder, long limit) : IDisposable
{
    private readonly List<string> written = [];
    private TarWriter? tar;
    private FileStream? file;
    private bool isFinished;

    /// <summary>Adds the files of one sample.</summary>
    public void Write(string key, IEnumerable<(string Column, ReadOnlyMemory<byte> Bytes)> members)
    {
        if (file is not null && file.Position > limit) Close();
        if (tar is null)
        {
            var path = Path.Combine(folder, $"shard-{written.Count:000000}.tar");
            written.Add(path);
            file = File.Create($"{path}.tmp");
            tar = new TarWriter(file, TarEntryFormat.Gnu);
        }
        foreach (var (column, bytes) in members)
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile,
                $"{key}.{column}")
            {
                DataStream = new MemoryStream(bytes.ToArray()),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
    }

    /// <summary>Ends the last archive.</summary>
    public void Finish()
    {
        Close();
        isFinished = true;
    }

    private void Close()
    {
        tar?.Dispose();
        file?.Dispose();
        if (file is not null) File.Move(file.Name, file.Name[..^4], overwrite: false);
        (tar, file) = (null, null);
    }

    /// <summary>Removes what is not finished.</summary>
    public void Dispose()
    {
        if (isFinished) return;
        tar?.Dispose();
        file?.Dispose();
        foreach (var path in written)
        {
            File.Delete(path);
            File.Delete($"{path}.tmp");
        }
    }
}
