using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Collectives.Mpi;

/// <summary>
/// The constants in which the binary interfaces of MPI libraries differ. All handles travel as <c>nint</c>.
/// </summary>
internal sealed record MpiAbi
{
    public required MpiFlavor Flavor { get; init; }
    public required string Version { get; init; }
    public required nint CommWorld { get; init; }
    public required nint Byte { get; init; }
    public required nint Float { get; init; }
    public required nint Sum { get; init; }
    public required nint InfoNull { get; init; }
    public required nint ErrorsReturn { get; init; }
    public required nint InPlace { get; init; }
    public required nint StatusIgnore { get; init; }
    public required int ThreadSerialized { get; init; }
    public required int ThreadMultiple { get; init; }

    /// <summary>Recognises the library behind <paramref name="library"/>.</summary>
    /// <exception cref="UsageException">The library is none of the known ones.</exception>
    public static unsafe MpiAbi Detect(nint library)
    {
        var buffer = new byte[8193];
        int length = 0;
        fixed (byte* text = buffer)
            ((delegate* unmanaged[Cdecl]<byte*, int*, int>)NativeLibrary.GetExport(library,
                "MPI_Get_library_version"))(text, &length);
        var version = Encoding.UTF8.GetString(buffer, 0, Math.Clamp(length, 0, 8192)).TrimEnd('\0', '\n')
            .Split('\n')[0];

        if (IsStandard(library)) return Standard(version);
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _)) return OpenMpi(version, library);
        if (new[] { "MPICH", "Intel", "MVAPICH", "CRAY" }.Any(version.Contains)) return Mpich(version);
        throw new UsageException($"unknown MPI library \"{version}\": Open MPI, MPICH (or a descendant) or a standard-ABI library is needed");
    }

    static unsafe bool IsStandard(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out var export)) return false;
        int major = -1, minor = -1;
        ((delegate* unmanaged[Cdecl]<int*, int*, int>)export)(&major, &minor);
        return major >= 1;
    }

    static MpiAbi OpenMpi(string version, nint library) => new()
    {
        Flavor = MpiFlavor.OpenMpi, Version = version,
        CommWorld = NativeLibrary.GetExport(library, "ompi_mpi_comm_world"),
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
        Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
        Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
        InfoNull = NativeLibrary.GetExport(library, "ompi_mpi_info_null"),
        ErrorsReturn = NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
        InPlace = 1, StatusIgnore = 0, ThreadSerialized = 2, ThreadMultiple = 3,
    };

    static MpiAbi Mpich(string version) => new()
    {
        Flavor = MpiFlavor.Mpich, Version = version,
        CommWorld = 0x44000000, Byte = 0x4c00010d, Float = 0x4c00040a, Sum = 0x58000003, InfoNull =
            0x1c000000, ErrorsReturn = 0x54000001,
        InPlace = -1, StatusIgnore = 1, ThreadSerialized = 2, ThreadMultiple = 3,
    };

    static MpiAbi Standard(string version) => new()
    {
        Flavor = MpiFlavor.Standard, Version = version,
        CommWorld = 0x101, Byte = 0x247, Float = 0x210, Sum = 0x21, InfoNull = 0x130, ErrorsReturn = 0x142,
        InPlace = 1, StatusIgnore = 0, ThreadSerialized = 2, ThreadMultiple = 7,
    };
}
