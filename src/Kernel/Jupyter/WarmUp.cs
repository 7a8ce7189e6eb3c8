using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// Does once, before anyone waits for it, what the first cell and the first completion would have to do.
/// </summary>
internal static class WarmUp
{
    public static async Task Run(ScriptSession session)
    {
        await session.RunAsync("Enumerable.Range(0, 2).Sum()", "warm-up").ConfigureAwait(false);
        JupyterDisplayHost.Data(Formatters.Format(1));
        await session.CompleteAsync("Console.Wr", 10).ConfigureAwait(false);
        // What the compiler needed to begin is not needed to go on: the kernel idles without it.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
