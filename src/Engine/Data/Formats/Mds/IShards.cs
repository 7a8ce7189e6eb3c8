namespace Interactive.Data;

/// <summary>The files of an MDS data set, wherever they lie. Safe to use from several threads.</summary>
internal interface IShards : IDisposable
{
    /// <summary>What a file is called in messages.</summary>
    string NameOf(string file);

    /// <summary>A small file's text; null where there is no such file.</summary>
    string? Text(string file);

    /// <summary>
    /// Looks, before anything is read, whether a shard is there and whole, as far as that costs nothing.
    /// </summary>
    /// <exception cref="UsageException">It is not.</exception>
    void Check(MdsShard shard);

    /// <summary>Bytes of a shard as it is unpacked.</summary>
    byte[] Read(MdsShard shard, long offset, int count);

    /// <summary>What is wrong with a shard's bytes by its hash, in one line; null for nothing.</summary>
    string? Problem(MdsShard shard);
}
