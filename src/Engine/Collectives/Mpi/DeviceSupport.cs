using System.Runtime.InteropServices;

namespace Interactive.Collectives.Mpi;

/// <summary>Whether an MPI library may be handed pointers to a GPU's memory, and why or why not.</summary>
internal sealed record DeviceSupport(bool TakesPointers, bool IsAllowed, string Reason)
{
    /// <summary>0: gradients of a GPU are copied to the CPU's memory and back, whatever MPI could do.</summary>
    public const string Variable = "INTERACTIVE_DEVICE_DIRECT";

    /// <summary>Asks the library; after MPI_Init, which decides.</summary>
    /// <param name="library">The loaded library.</param>
    /// <param name="version">Its name, with details after a comma.</param>
    /// <param name="manyThreads">Whether threads may be inside MPI at the same time: the calls block.</param>
    public static DeviceSupport Of(nint library, string version, bool manyThreads)
    {
        var takes = Ask(library);
        version = version.Split(',')[0].Replace("Version:", "").Replace("\t", "");
        if (Environment.GetEnvironmentVariable(Variable) == "0") return new(takes, false, $"{Variable}=0");
        if (!manyThreads) return new(takes, false, $"{version} offers no MPI_THREAD_MULTIPLE");
        return new(takes, true, $"{version} {(takes ? "takes" : "does not take")} a GPU's pointers");
    }

    /// <summary>
    /// Whether memory of this device may be handed to MPI; the CPU's may, unless nothing is to be done so.
    /// </summary>
    public bool Reaches(string device)
        => IsAllowed && (device == "cpu" || TakesPointers && device.StartsWith("cuda", StringComparison.Ordinal));

    /// <inheritdoc/>
    public override string ToString()
        => $"{(IsAllowed && TakesPointers ? "summed where they lie" : "summed in the CPU's memory")}: {Reason}";

    /// <summary>
    /// Open MPI and MPICH answer the one question, MPICH from 4 on the other too; a library that knows neither does not
    /// take such pointers.
    /// </summary>
    internal static unsafe bool Ask(nint library)
    {
        const int Cuda = 0; // MPIX_GPU_SUPPORT_CUDA
        int supported = 0;
        if (NativeLibrary.TryGetExport(library, "MPIX_GPU_query_support", out var which)
            && ((delegate* unmanaged[Cdecl]<int, int*, int>)which)(Cuda, &supported) == 0 && supported != 0)
            return true;
        return NativeLibrary.TryGetExport(library, "MPIX_Query_cuda_support", out var cuda)
            && ((delegate* unmanaged[Cdecl]<int>)cuda)() != 0;
    }
}
