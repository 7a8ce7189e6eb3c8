using System.Buffers.Binary;
using System.Text;

namespace Interactive.Kernel.Fuzzing;

/// <summary>
/// Damages files: bits, bytes, numbers, words, ranges, lines. What comes out follows from the seed and the number
/// alone.
/// </summary>
internal static class Mutation
{
    private const int MostAtOnce = 4, MostGrowth = 4;

    private static readonly long[] numbers = [0, 1, -1, sbyte.MaxValue, short.MaxValue, ushort.MaxValue, int.MaxValue,
        int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1L << 40];

    private static readonly byte[][] words =
    [
        .. new[] { "null", "true", "-1", "0", "1e400", "NaN", "99999999999999999999", "2147483647", "[]", "{}", "\"\"", "\"\\ud83d\"", "\"\\u0000\"", "\n", "\r\n", ",", ":", "#!fsharp\n", "// %%\n", "é", "\u202e" }.Select(Encoding.UTF8.GetBytes),
        Encoding.UTF8.GetBytes(new string('[', 400)),
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 200))), [0], [0xFF, 0xFE], [0xC3],
            [0xEF, 0xBB, 0xBF],
    ];

    /// <summary>The numbered mutant of a file.</summary>
    public static byte[] Of(byte[] whole, int seed, int number)
    {
        var random = new Random(unchecked(seed * 1_000_003 + number));
        var bytes = whole.ToList();
        for (var left = 1 + random.Next(MostAtOnce); left > 0 && bytes.Count < MostGrowth * whole.Length + 64; left--)
            Once(bytes, random);
        return [.. bytes];
    }

    private static void Once(List<byte> bytes, Random random)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(words[random.Next(words.Length)]);
            return;
        }
        var at = random.Next(bytes.Count);
        var length = Math.Min(1 + random.Next(1 << random.Next(1, 8)), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: bytes.RemoveRange(at, length); break;
            case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
            case 5: bytes.InsertRange(at, words[random.Next(words.Length)]); break;
            case 6: Overwrite(bytes, at, Number(random)); break;
            case 7: Overwrite(bytes, at, [.. bytes.GetRange(random.Next(bytes.Count - length + 1), length)]); break;
            case 8: ReplaceNumber(bytes, at, random); break;
            default: RemoveLine(bytes, at); break;
        }
    }

    private static byte[] Number(Random random)
    {
        var (bytes, value) = (new byte[sizeof(long)], numbers[random.Next(numbers.Length)]);
        if (random.Next(2) == 0) BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        else BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return random.Next(2) == 0 ? bytes : bytes[4..];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] by)
    {
        for (var i = 0; i < by.Length && at + i < bytes.Count; i++) bytes[at + i] = by[i];
    }

    // The next number in words, where there is one.
    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        var begin = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (begin < 0) return;
        var end = bytes.FindIndex(begin, b => b is not (>= (byte)'0' and <= (byte)'9'));
        bytes.RemoveRange(begin, (end < 0 ? bytes.Count : end) - begin);
        bytes.InsertRange(begin, Encoding.ASCII.GetBytes(numbers[random.Next(numbers.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static void RemoveLine(List<byte> bytes, int at)
    {
        var (begin, end) = (at, at);
        while (begin > 0 && bytes[begin - 1] != '\n') begin--;
        while (end < bytes.Count && bytes[end++] != '\n') { }
        bytes.RemoveRange(begin, end - begin);
    }
}
