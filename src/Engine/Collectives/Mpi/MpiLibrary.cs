using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Collectives.Mpi;

/// <summary>
/// The MPI functions in use, bound to one loaded library. Handles (communicators, requests, windows) are <c>nint</c> in
/// every flavour.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    const int RTLD_NOW = 2, RTLD_GLOBAL = 0x100;

    public readonly MpiAbi Abi;
    public readonly string Path;
    public readonly delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int> InitThread;
    public readonly delegate* unmanaged[Cdecl]<int*, int> Initialized;
    public readonly delegate* unmanaged[Cdecl]<int> Finalize;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Abort;
    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> CommRank;
    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> CommSize;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> CommDup;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int, nint*, int> CommSplit;
    public readonly delegate* unmanaged[Cdecl]<nint*, int> CommFree;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> CommSetErrorHandler;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> Isend;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> Irecv;
    public readonly delegate* unmanaged[Cdecl]<nint*, int*, void*, int> Test;
    public readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int> Allreduce;
    public readonly delegate* unmanaged[Cdecl]<void*, void*, int*, nint, nint, nint, int> ReduceScatter;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, void*, int*, int*, nint, nint, int> AllGatherV;
    public readonly delegate* unmanaged[Cdecl]<nint, int, nint, nint, void**, nint*, int> WinAllocateShared;
    public readonly delegate* unmanaged[Cdecl]<nint, int, nint*, int*, void**, int> WinSharedQuery;
    public readonly delegate* unmanaged[Cdecl]<nint*, int> WinFree;
    readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> errorString;
    readonly nint library;

    MpiLibrary(nint library, string path)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        (this.library, Path) = (library, path);
        Abi = MpiAbi.Detect(library);
        InitThread = (delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int>)Export("MPI_Init_thread");
        Initialized = (delegate* unmanaged[Cdecl]<int*, int>)Export("MPI_Initialized");
        Finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        Abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        CommRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        CommSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        CommDup = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Export("MPI_Comm_dup");
        CommSplit = (delegate* unmanaged[Cdecl]<nint, int, int, nint*, int>)Export("MPI_Comm_split");
        CommFree = (delegate* unmanaged[Cdecl]<nint*, int>)Export("MPI_Comm_free");
        CommSetErrorHandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        Isend = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        Irecv = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Irecv");
        Test = (delegate* unmanaged[Cdecl]<nint*, int*, void*, int>)Export("MPI_Test");
        Allreduce = (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        ReduceScatter = (delegate* unmanaged[Cdecl]<void*, void*, int*, nint, nint, nint,
            int>)Export("MPI_Reduce_scatter");
        AllGatherV = (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int*, int*, nint, nint,
            int>)Export("MPI_Allgatherv");
        WinAllocateShared = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, void**, nint*,
            int>)Export("MPI_Win_allocate_shared");
        WinSharedQuery = (delegate* unmanaged[Cdecl]<nint, int, nint*, int*, void**,
            int>)Export("MPI_Win_shared_query");
        WinFree = (delegate* unmanaged[Cdecl]<nint*, int>)Export("MPI_Win_free");
        errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
    }

    /// <summary>Loads the first of <paramref name="sonames"/> that this machine has.</summary>
    /// <exception cref="UsageException">None is installed.</exception>
    public static MpiLibrary Load(IReadOnlyList<string> sonames)
    {
        // UCX (under Debian's MPICH) takes over SIGSEGV in its ELF constructor, but .NET needs it for
        // NullReferenceException. It reads the C environment, which Environment.SetEnvironmentVariable does not change.
        setenv("UCX_HANDLE_ERRORS", "none", 0);
        // Open MPI asks the receiver before it sends more than 64 KiB over TCP, which costs a tenth of a 1 Gbit/s line.
        // Receives are posted in advance here, so whole blocks may go at once.
        foreach (var limit in new[] { "eager_limit", "rndv_eager_limit", "max_send_size" })
            setenv($"OMPI_MCA_btl_tcp_{limit}", "1048576", 0);
        foreach (var soname in sonames)
        {
            // Open MPI's plug-ins look its symbols up globally.
            var library = dlopen(soname, RTLD_NOW | RTLD_GLOBAL);
            if (library != 0) return new MpiLibrary(library, soname);
        }
        throw new UsageException($"no MPI library found (tried {string.Join(", ", sonames)}): apt-get install openmpi-bin or mpich");
    }

    /// <summary>Asks about a GPU's pointers; after MPI_Init.</summary>
    public DeviceSupport Devices(bool manyThreads) => DeviceSupport.Of(library, Abi.Version, manyThreads);

    /// <summary>Throws unless <paramref name="code"/> is MPI_SUCCESS.</summary>
    public void Check(int code, string function)
    {
        if (code == 0) return;
        byte* text = stackalloc byte[8192];
        int length = 0;
        errorString(code, text, &length);
        throw new CollectiveException($"{function}: {Encoding.UTF8.GetString(text, length)}");
    }

    /// <summary>
    /// MPICH's launcher tells survivors of a lost rank by SIGUSR1, and its handler crashes under UCX. The ranks notice
    /// a loss themselves.
    /// </summary>
    public void IgnoreFailureSignal()
    {
        const int SIGUSR1 = 10, SIG_IGN = 1;
        if (Abi.Flavor == MpiFlavor.Mpich) signal(SIGUSR1, SIG_IGN);
    }

    [DllImport("libc")] static extern nint signal(int number, nint handler);
    [DllImport("libc")] static extern nint dlopen(string file, int flags);
    [DllImport("libc")] static extern int setenv(string name, string value, int overwrite);
}
