using System.Text;

namespace Interactive.Data;

/// <summary>
/// Finds the files of a tar archive without reading their bytes: ustar, with GNU's and POSIX's long names.
/// </summary>
internal static class TarFile
{
    private const int Block = 512;

    /// <summary>The files in their order.</summary>
    /// <exception cref="UsageException">It is cut short or no tar, or a file's path leads outside.</exception>
    public static List<TarMember> Members(string path)
    {
        var members = new List<TarMember>();
        using var file = File.OpenRead(path);
        var head = new byte[Block];
        string? longName = null;
        while (true)
        {
            var at = file.Position;
            var read = file.ReadAtLeast(head, Block, throwOnEndOfStream: false);
            if (read == 0 && members.Count > 0) return members; // some writers leave out the two empty blocks
            if (read < Block) throw new UsageException($"{path} is {(at == 0 ? "no tar archive" : $"cut short: it ends in the header at byte {at}")}");
            if (head.AsSpan().IndexOfAnyExcept((byte)0) < 0) return members;
            if (!HasChecksum(head)) throw new UsageException($"{path} is {(at == 0 ? "no tar archive" : $"damaged: the header at byte {at} has another checksum")}");
            var size = Number(head.AsSpan(124, 12));
            if (size < 0 || file.Position + size > file.Length) throw new UsageException($"{path} is cut short: the file at byte {at} has {size} bytes, {file.Length - file.Position} are left");
            var begin = file.Position;
            var kind = (char)head[156];
            if (kind is 'L' or 'x')
            {
                var bytes = new byte[checked((int)size)];
                file.ReadExactly(bytes);
                longName = kind == 'L' ? Text(bytes) : PosixPath(bytes) ?? longName;
            }
            else
            {
                if (kind is '0' or '\0' or '7') members.Add(new(Checked(path, longName ?? Name(head)), begin, size));
                longName = null;
            }
            file.Position = begin + (size + Block - 1) / Block * Block;
        }
    }

    private static string Checked(string archive, string name)
        => name.StartsWith('/') || name.Split('/').Contains("..")
        ? throw new UsageException($"{archive}: the path '{name}' leads outside its archive")
            : name.Contains('\n')
            ? throw new UsageException($"{archive}: the path '{name.ReplaceLineEndings("\\n")}' holds a line's end")
            : name.StartsWith("./") ? name[2..] : name;

    private static string Name(byte[] head)
    {
        var (name, prefix) = (Text(head.AsSpan(0, 100)),
            head.AsSpan(257, 5).SequenceEqual("ustar"u8) && head[262] == 0 ? Text(head.AsSpan(345, 155)) : "");
        return prefix == "" ? name : $"{prefix}/{name}";
    }

    // Records "LENGTH key=value\n".
    private static string? PosixPath(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var space = Array.IndexOf(bytes, (byte)' ', at);
            if (space < 0 || !int.TryParse(Encoding.ASCII.GetString(bytes, at, space - at), out var length)
                || length < 1 || at + length > bytes.Length) return null;
            var record = Encoding.UTF8.GetString(bytes, space + 1, at + length - space - 2);
            if (record.StartsWith("path=", StringComparison.Ordinal)) return record[5..];
            at += length;
        }
        return null;
    }

    private static bool HasChecksum(byte[] head)
    {
        var sum = 0L;
        for (var i = 0; i < Block; i++) sum += i is >= 148 and < 156 ? ' ' : head[i];
        return sum == Number(head.AsSpan(148, 8));
    }

    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0) // a large one in base 256
        {
            long large = field[0] & 0x3F;
            foreach (var b in field[1..]) large = large << 8 | b;
            return large;
        }
        var value = 0L;
        foreach (var b in field)
        {
            if (b is (byte)' ' or 0 && value == 0) continue;
            if (b is < (byte)'0' or > (byte)'7') break;
            value = value * 8 + (b - '0');
        }
        return value;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
