using System.Text;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// Which request the running code works for, so that output finds its cell: also that of a task which an earlier cell
/// has left in the background.
/// </summary>
internal static class CellOutput
{
    private static readonly AsyncLocal<KernelRequest?> ofCode = new();
    private static volatile KernelRequest? latest;

    /// <summary>The request of the code that asks, or of the latest cell where that is not known.</summary>
    public static KernelRequest? Current => ofCode.Value ?? latest;

    /// <summary>Whether the code that asks belongs to a silent request, which shows nothing.</summary>
    public static bool IsSilent => Current is { } request && request.Flag("silent", false);

    /// <summary>From here on this flow of execution works for the request.</summary>
    public static void Begin(KernelRequest request) => ofCode.Value = latest = request;
}
