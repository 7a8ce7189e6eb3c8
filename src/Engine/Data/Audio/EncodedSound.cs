namespace Interactive.Data;

/// <summary>A sound as it lies in its file, with what is known of it.</summary>
/// <param name="File">WAV or Ogg Vorbis.</param>
/// <param name="Class">Its class; -1 for none.</param>
/// <param name="Name">What it is called, such as its path below its folder.</param>
public sealed record EncodedSound(ReadOnlyMemory<byte> File, int Class = -1, string Name = "") : ISized
{
    /// <inheritdoc/>
    public long Bytes => File.Length + 2 * Name.Length;
}
