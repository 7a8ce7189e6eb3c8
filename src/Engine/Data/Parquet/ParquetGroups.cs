namespace Interactive.Data;

/// <summary>
/// Decoded row groups, up to a bound of bytes and at least one; the one that was used longest ago goes first. Threads
/// that want one that is being decoded wait for it.
/// </summary>
/// <param name="read">Decodes a group.</param>
/// <param name="bound">Bytes kept at most.</param>
internal sealed class ParquetGroups(Func<int, Dictionary<string, object?[]>> read, long bound)
{
    private const long Object = 32; // a box, or an array's head, and its place in the column

    private readonly Dictionary<int, Group> groups = [];
    private long used, clock;

    private sealed class Group
    {
        public required Lazy<(Dictionary<string, object?[]> Columns, long Bytes)> Columns { get; init; }
        public long LastUse { get; set; }
        public bool IsCounted { get; set; }
    }

    public Dictionary<string, object?[]> this[int index]
    {
        get
        {
            Group? group;
            lock (groups)
            {
                if (!groups.TryGetValue(index, out group)) groups[index] = group = new Group
                {
                    Columns = new(()
                    => Sized(read(index)))
                };
                group.LastUse = ++clock;
            }
            try
            {
                var (columns, bytes) = group.Columns.Value;
                if (!group.IsCounted) Count(index, group, bytes);
                return columns;
            }
            catch
            {
                lock (groups) groups.Remove(index); // not for ever: a file may come back
                throw;
            }
        }
    }

    private static (Dictionary<string, object?[]>, long) Sized(Dictionary<string, object?[]> columns)
        => (columns, columns.Values.Sum(column => column.Sum(value
        => Object + (value is ReadOnlyMemory<byte> bytes ? bytes.Length : value is string text ? 2L * text.Length
            : 8))));

    private void Count(int index, Group group, long bytes)
    {
        lock (groups)
        {
            if (group.IsCounted) return;
            group.IsCounted = true;
            used += bytes;
            while (used > bound && groups.Where(g => g.Value.IsCounted && g.Key != index)
                .OrderBy(g => g.Value.LastUse).FirstOrDefault() is { Value: { } oldest } old)
            {
                used -= oldest.Columns.Value.Bytes;
                groups.Remove(old.Key);
            }
        }
    }
}
