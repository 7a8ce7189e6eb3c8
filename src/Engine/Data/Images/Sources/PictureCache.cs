namespace Interactive.Data;

/// <summary>
/// Makes bytes by number when they are first wanted, and keeps them up to a bound. Safe to read from several threads.
/// </summary>
/// <param name="count">Numbers.</param>
/// <param name="make">Makes the bytes of a number; the same whenever it is called.</param>
/// <param name="bound">Bytes kept at most.</param>
internal sealed class PictureCache(int count, Func<int, byte[]> make, long bound)
{
    private readonly byte[]?[] kept = new byte[count][];
    private long used;

    public byte[] this[int index]
    {
        get
        {
            if (Volatile.Read(ref kept[index]) is { } known) return known;
            var made = make(index);
            if (Interlocked.Add(ref used, made.Length) > bound
                || Interlocked.CompareExchange(ref kept[index], made, null) is not null)
                Interlocked.Add(ref used, -made.Length); // no room, or another thread was faster
            return made;
        }
    }
}
