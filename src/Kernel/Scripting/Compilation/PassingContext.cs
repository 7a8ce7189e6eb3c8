using System.Reflection;
using System.Runtime.Loader;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Where one cell is loaded that gives nothing to later ones and runs once from its first line to its last: the runtime takes it back then.
/// </summary>
/// <param name="outer">Where everything is that it refers to.</param>
internal sealed class PassingContext(SubmissionContext outer) : AssemblyLoadContext("cell", isCollectible: true)
{
    protected override Assembly? Load(AssemblyName name) => outer.LoadFromAssemblyName(name);

    protected override nint LoadUnmanagedDll(string name) => outer.FindNative(name);
}
