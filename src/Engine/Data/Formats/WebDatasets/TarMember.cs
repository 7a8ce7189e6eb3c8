namespace Interactive.Data;

/// <summary>Where a file lies in a tar archive.</summary>
internal readonly record struct TarMember(string Path, long Offset, long Length);
