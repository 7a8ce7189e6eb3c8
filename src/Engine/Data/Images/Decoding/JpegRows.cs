using System.Buffers;
using System.Buffers.Binary;

namespace Interactive.Data;

/// <summary>
/// Decodes some rows of a JPEG whose rows of blocks begin anew each (restart markers, as <see cref="RowJpeg"/> makes
/// them): a file of those rows alone is put together, with the markers numbered anew. The pixels are those of the whole
/// picture.
/// </summary>
internal static class JpegRows
{
    private const byte Marker = 0xFF, FirstRestart = 0xD0, End = 0xD9, Frame = 0xC0, Interval = 0xDD, Scan = 0xDA, Codes = 0xC4,
        DefinedLater = 0xDC;
    private const byte FirstApplication = 0xE0, Colours = 0xEE, LastApplication = 0xEF, Comment = 0xFE;

    // What the header says, and where the picture's data begin.
    private record struct Head(int Width, int Height, int BlockHeight, int Rows, int Data, bool Blends);

    /// <summary>The rows from one to before another, or more of them; null where the file is of another kind.</summary>
    /// <returns>The picture, and the row at which it begins.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static (Image Image, int First)? Decode(ReadOnlySpan<byte> file, int from, int to)
    {
        if (Read(file) is not { } head) return null;
        // where colours are kept at half the height, a row's are blended with its neighbour's
        var more = head.Blends ? 1 : 0;
        var first = Math.Max(0, from / head.BlockHeight - more);
        var last = Math.Min(head.Rows - 1, (to - 1) / head.BlockHeight + more);
        if (first == 0 && last == head.Rows - 1) return null;
        Span<int> starts = head.Rows <= 1024 ? stackalloc int[head.Rows + 1] : new int[head.Rows + 1];
        if (!Find(file, head.Data, starts)) return null;
        var height = Math.Min(head.Height, (last + 1) * head.BlockHeight) - first * head.BlockHeight;
        var part = ArrayPool<byte>.Shared.Rent(file.Length);
        var length = Write(file, head, starts[first..(last + 2)], height, part);
        var image = TurboJpeg.Decode(part.AsSpan(0, length), head.Width, height, 1);
        ArrayPool<byte>.Shared.Return(part);
        return (image, first * head.BlockHeight);
    }

    // Baseline JPEG of one or three colours in one scan, a restart after each row of blocks.
    private static Head? Read(ReadOnlySpan<byte> file)
    {
        var (head, interval, across, colours) = (default(Head), 0, 0, 0);
        for (var at = 2; at + 4 <= file.Length && file[at] == Marker;)
        {
            var (kind, size) = (file[at + 1], BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]));
            if (size < 2 || at + 2 + size > file.Length) return null;
            var body = file.Slice(at + 4, size - 2);
            at += 2 + size;
            if (kind == Frame)
            {
                if (body.Length < 6 || body[0] != 8 || (colours = body[5]) is not (1 or 3) || body.Length < 6 + 3 * colours) return null;
                int wide = 0, high = 0;
                for (var i = 0; i < colours; i++)
                    (wide, high) = (Math.Max(wide, body[7 + 3 * i] >> 4), Math.Max(high, body[7 + 3 * i] & 15));
                if (wide is 0 or > 4 || high is 0 or > 4 || colours == 1 && (wide, high) != (1, 1)) return null;
                var (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(body[1..]), BinaryPrimitives.ReadUInt16BigEndian(body[3..]));
                if (width == 0 || height == 0) return null;
                head = new(width, height, 8 * high, (height + 8 * high - 1) / (8 * high), 0, high > 1);
                across = (width + 8 * wide - 1) / (8 * wide);
            }
            else if (kind == Interval && body.Length >= 2) interval = BinaryPrimitives.ReadUInt16BigEndian(body);
            else if (kind == Scan)
                return head.Rows > 1 && interval == across && body.Length > 0 && body[0] == colours ? head with { Data = at } : null;
            else if (kind is > Frame and < Scan and not Codes or DefinedLater) return null; // another kind of frame
        }
        return null;
    }

    // Where each row's data begin, and the last one's end; false unless all are there, in order, and the end is marked.
    private static bool Find(ReadOnlySpan<byte> file, int data, Span<int> starts)
    {
        starts[0] = data;
        var found = 1;
        for (var at = data; file[at..].IndexOf(Marker) is >= 0 and var next && at + next + 1 < file.Length;)
        {
            at += next + 2;
            var kind = file[at - 1];
            if (kind == 0) continue; // a byte of the data
            if (kind == End) break;
            if (kind != FirstRestart + (found - 1) % 8 || found >= starts.Length - 1) return false;
            starts[found++] = at;
        }
        if (found != starts.Length - 1 || file[^2..] is not [Marker, End]) return false;
        starts[found] = file.Length; // its marker goes with the last row, as a restart's goes with the row before
        return true;
    }

    private static int Write(ReadOnlySpan<byte> file, Head head, ReadOnlySpan<int> starts, int height, Span<byte> to)
    {
        var length = 2;
        file[..2].CopyTo(to);
        for (var at = 2; at < head.Data;)
        {
            var (kind, size) = (file[at + 1], 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]));
            if (kind is <= FirstApplication or > LastApplication and not Comment or Colours)
            {
                file.Slice(at, size).CopyTo(to[length..]);
                if (kind == Frame) BinaryPrimitives.WriteUInt16BigEndian(to[(length + 5)..], (ushort)height);
                length += size;
            }
            at += size;
        }
        for (var i = 0; i + 1 < starts.Length; i++)
        {
            var row = file[starts[i]..starts[i + 1]];
            row.CopyTo(to[length..]);
            length += row.Length;
            to[length - 1] = i + 2 < starts.Length ? (byte)(FirstRestart + i % 8) : End;
        }
        return length;
    }
}
