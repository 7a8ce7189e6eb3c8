using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Interactive.Data;

/// <summary>
/// JPEG by Debian's libturbojpeg0, with which Pillow and torchvision decode: with no flags the pixels are theirs. Its
/// own scaling decodes at a half or a quarter of the size in much less time. Decoders are kept and lent; each is used
/// by one thread at a time.
/// </summary>
internal static unsafe partial class TurboJpeg
{
    private const string Library = "libturbojpeg.so.0";
    private const int Rgb = 0, Cmyk = 11, CmykSpace = 3, YcckSpace = 4; // TJPF_RGB, TJPF_CMYK, TJCS_CMYK, TJCS_YCCK

    private static readonly ConcurrentBag<nint> decoders = [];

    /// <summary>Whether the library is installed.</summary>
    public static bool IsThere { get; } = NativeLibrary.TryLoad(Library, out _);

    public static (int Width, int Height) Size(ReadOnlySpan<byte> file)
    {
        var decoder = Lend();
        var (width, height, _) = Header(decoder, file);
        decoders.Add(decoder);
        return (width, height);
    }

    /// <summary>Three channels of the whole picture, its sides divided by 1, 2 or 4 and rounded up.</summary>
    public static Image Decode(ReadOnlySpan<byte> file, int width, int height, int divisor)
    {
        var decoder = Lend();
        var image = new Image((width + divisor - 1) / divisor, (height + divisor - 1) / divisor);
        try
        {
            if (Header(decoder, file).Space is CmykSpace or YcckSpace) FromCmyk(decoder, file, image);
            else fixed (byte* to = image.Pixels) Run(decoder, file, to, image, Rgb);
            decoders.Add(decoder);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    // Inks are kept inverted (Adobe's way, as Pillow reads them); Pillow's way of making colours of them.
    private static void FromCmyk(nint decoder, ReadOnlySpan<byte> file, Image image)
    {
        var inks = System.Buffers.ArrayPool<byte>.Shared.Rent(checked(4 * image.Width * image.Height));
        fixed (byte* to = inks) Run(decoder, file, to, image, Cmyk);
        var pixels = image.Pixels;
        for (int i = 0, j = 0; j < pixels.Length; i += 4, j += 3)
            for (var c = 0; c < 3; c++)
            {
                var product = (255 - inks[i + c]) * inks[i + 3] + 128;
                pixels[j + c] = (byte)Math.Max(0, inks[i + 3] - ((product >> 8) + product >> 8));
            }
        System.Buffers.ArrayPool<byte>.Shared.Return(inks);
    }

    private static (int Width, int Height, int Space) Header(nint decoder, ReadOnlySpan<byte> file)
    {
        fixed (byte* start = file)
            if (DecompressHeader(decoder, start, (ulong)file.Length, out var width, out var height, out _,
                out var space) == 0) return (width, height, space);
        throw Damaged("its JPEG header", Last(decoder));
    }

    private static void Run(nint decoder, ReadOnlySpan<byte> file, byte* to, Image image, int format)
    {
        fixed (byte* start = file)
            if (Decompress(decoder, start, (ulong)file.Length, to, image.Width, 0, image.Height, format, 0) == 0)
                return;
        var error = Error(decoder);
        // stray bytes between markers: nothing of the picture is missing
        if (error.Contains("extraneous bytes")) return;
        throw Damaged("the picture", Last(decoder));
    }

    private static InvalidDataException Damaged(string what, string error) => new($"{what} is damaged ({(error.StartsWith("Premature end", StringComparison.Ordinal) ? "cut short" : error)})");

    private static string Error(nint decoder) => Marshal.PtrToStringUTF8(ErrorText(decoder)) ?? "unknown";

    // One that has failed stands amid the damaged header, and would read the next file from there on: it goes.
    private static string Last(nint decoder)
    {
        var error = Error(decoder);
        Destroy(decoder);
        return error;
    }

    private static nint Lend()
    {
        if (decoders.TryTake(out var decoder)) return decoder;
        decoder = InitDecompress();
        return decoder != 0 ? decoder : throw new InvalidOperationException($"{Library} gives no decoder: {Error(0)}");
    }

    [LibraryImport(Library, EntryPoint = "tjInitDecompress")] private static partial nint InitDecompress();
    [LibraryImport(Library, EntryPoint = "tjDestroy")] private static partial int Destroy(nint decoder);
    [LibraryImport(Library, EntryPoint = "tjGetErrorStr2")] private static partial nint ErrorText(nint decoder);
    [LibraryImport(Library, EntryPoint = "tjDecompressHeader3")]
    private static partial int DecompressHeader(nint decoder, byte* file, ulong bytes, out int width, out int height,
        out int subsampling, out int space);
    [LibraryImport(Library, EntryPoint = "tjDecompress2")]
    private static partial int Decompress(nint decoder, byte* file, ulong bytes, byte* to, int width, int pitch,
        int height, int format, int flags);
}
