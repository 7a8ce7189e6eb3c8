using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// The fallback: glibc's own count of bytes in use. It includes what is not tensors, and its peak is only as good as
/// how often somebody asks for <see cref="LiveBytes"/>.
/// </summary>
internal sealed class MallocMeter : IMemoryMeter
{
    private long peak;

    public string Kind => "malloc";
    public bool IsExact => false;

    public long LiveBytes
    {
        get
        {
            var info = mallinfo2();
            var live = (long)info.uordblks + (long)info.hblkhd;
            peak = Math.Max(peak, live);
            return live;
        }
    }

    public long PeakBytes => Math.Max(peak, LiveBytes);
    public void ResetPeak() => peak = 0;

    [StructLayout(LayoutKind.Sequential)]
    private struct MallInfo
    {
        public nuint arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks,
        keepcost;
    }
    [DllImport("libc")] private static extern MallInfo mallinfo2();
}
