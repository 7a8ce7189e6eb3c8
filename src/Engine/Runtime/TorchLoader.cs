using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interactive.Runtime;

/// <summary>
/// Loads libtorch and TorchSharp's native library before anything touches <c>torch</c>, patching a cached copy of the
/// latter where libstdc++ is too old (<see cref="LibstdcxxPatch"/>). The NuGet cache and the application folder are
/// only read. Loading is by absolute path, so TorchSharp's own look-up by name then finds the libraries in the process.
/// Where <see cref="Variable"/> names a folder, libtorch comes from there: a GPU machine that has PyTorch needs no CUDA
/// packages of NuGet.
/// </summary>
public static class TorchLoader
{
    /// <summary>
    /// Names a folder with another build of libtorch, such as <c>torch/lib</c> of a Python installation.
    /// </summary>
    public const string Variable = "INTERACTIVE_LIBTORCH";

    /// <summary>The library by which a folder of libtorch's is known.</summary>
    public const string Libtorch = "libtorch_cpu.so";

    private const string TorchSharpLibrary = "libLibTorchSharp.so";
    // as pinned in Directory.Packages.props
    internal const string TorchSharpVersion = "0.107.0", LibtorchVersion = "2.10.0";
    // Dependencies first; the CUDA ones are present only in a CUDA build.
    private static readonly string[] LibtorchLibraries =
        ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    private static readonly Lock Gate = new();
    private static bool registered;
    private static volatile bool loaded;

    /// <summary>
    /// Where TorchSharp's native library was loaded from, or null before <see cref="EnsureLoaded"/> or off Linux.
    /// </summary>
    public static string? LoadedFrom { get; private set; }

    /// <summary>True once <see cref="EnsureLoaded"/> has run: before, there is no tensor in the process.</summary>
    public static bool IsLoaded => loaded;

    /// <summary>Told once, when the libraries are there and before the first tensor.</summary>
    internal static event Action? Loaded;

    /// <summary>The folder libtorch was loaded from, or null as <see cref="LoadedFrom"/>.</summary>
    public static string? LibtorchFolder { get; private set; }

    /// <summary>True when a patched copy is in use.</summary>
    public static bool IsPatched { get; private set; }

#pragma warning disable CA2255 // a library may use a module initialiser when the order against another library's static constructor matters
    [ModuleInitializer]
    internal static void WatchForTorchSharp() => Register();
#pragma warning restore CA2255

    /// <summary>
    /// Loads the native libraries as soon as TorchSharp's assembly is loaded by anyone. A host that runs user code
    /// which may use TorchSharp alone calls this once at start; using any type of this assembly does it as well.
    /// </summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (registered) return;
            registered = true;
        }
        AppDomain.CurrentDomain.AssemblyLoad += (_, e) =>
        {
            if (e.LoadedAssembly.GetName().Name == "TorchSharp") EnsureLoaded();
        };
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
            if (assembly.GetName().Name == "TorchSharp") EnsureLoaded();
    }

    /// <summary>Loads the native libraries now. Safe to call often and from several threads and processes.</summary>
    /// <exception cref="DllNotFoundException">The native libraries are not beside the application nor in the NuGet
    /// cache, nor in the folder that <see cref="Variable"/> names.</exception>
    public static void EnsureLoaded()
    {
        if (!OperatingSystem.IsLinux()) return;
        lock (Gate)
        {
            if (loaded) return;
            var torchSharp = Find(TorchSharpLibrary)
                ?? throw new DllNotFoundException($"{TorchSharpLibrary} not found in {string.Join(", ", SearchFolders())}");
            var libtorch = Chosen() ?? Path.GetDirectoryName(Find(Libtorch))
                ?? throw new DllNotFoundException($"{Libtorch} not found: reference the package libtorch-cpu-linux-x64 (or TorchSharp-cuda-linux)");

            NativeHeap.Keep();
            NativeHeap.ReserveHugePages(64 << 20);
            foreach (var openMp in Directory.GetFiles(libtorch, "libgomp*.so*")) Open(openMp);
            foreach (var name in LibtorchLibraries)
                if (Path.Combine(libtorch, name) is var path && File.Exists(path)) Open(path);

            HiddenCaches.Mend(Path.Combine(libtorch, Libtorch));
            if (LibstdcxxPatch.IsNeeded())
            {
                var patched = PatchedCopy(torchSharp);
                IsPatched = patched != torchSharp;
                torchSharp = patched;
            }
            Open(torchSharp);
            DataReads.Watch(Handles[^1]);
            CaughtCalls.Watch(Handles[^1]);
            ScalarFrees.Watch(Handles[^1]);
            ErrorTexts.Watch(Handles[^1]);
            (LoadedFrom, LibtorchFolder) = (torchSharp, libtorch);
            loaded = true;
            Loaded?.Invoke();
            _ = MemoryMeter.Current; // before the first tensor, so that every tensor is counted
        }
    }

    private static string? Chosen()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder) return null;
        return File.Exists(Path.Combine(folder, Libtorch)) ? folder
            : throw new DllNotFoundException($"{Variable}={folder}: there is no {Libtorch} in it");
    }

    /// <summary>Folders that may hold the native libraries, best first.</summary>
    private static IEnumerable<string> SearchFolders()
    {
        var folders = new List<string> { AppContext.BaseDirectory };
        if (Path.GetDirectoryName(typeof(TorchLoader).Assembly.Location) is { Length: > 0 } own) folders.Add(own);
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string probing)
            folders.AddRange(probing.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        foreach (var folder in folders.Distinct().ToArray())
            folders.Add(Path.Combine(folder, "runtimes", "linux-x64", "native"));
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        folders.Add(Path.Combine(cache, "torchsharp", TorchSharpVersion, "runtimes", "linux-x64", "native"));
        folders.Add(Path.Combine(cache, "libtorch-cpu-linux-x64", LibtorchVersion, "runtimes", "linux-x64", "native"));
        return folders.Distinct();
    }

    private static string? Find(string name)
        => SearchFolders().Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);

    /// <summary>
    /// The patched copy in the user's cache folder, made on first use, and anew where what lies there is not it: what
    /// is loaded is what was patched here. Several processes may race here: each writes a name of its own and renames,
    /// and whichever comes last replaces an identical file.
    /// </summary>
    internal static string PatchedCopy(string original)
    {
        var image = File.ReadAllBytes(original);
        var key = Convert.ToHexStringLower(SHA256.HashData(image))[..16];
        if (!LibstdcxxPatch.Apply(image)) return original;
        var folder = Path.Combine(CacheFolder.Find(), "native", key);
        var copy = Path.Combine(folder, TorchSharpLibrary);
        if (FileOwner.IsOurs(folder) && FileOwner.IsOurs(copy) && File.ReadAllBytes(copy).AsSpan().SequenceEqual(image))
            return copy;

        if (!FileOwner.MakePrivate(Path.GetDirectoryName(folder)!) || !FileOwner.MakePrivate(folder))
            throw new IOException($"{folder} is a link or another user's: delete it");
        var temporary = $"{copy}.{Environment.ProcessId}.tmp";
        using (var file = new FileStream(temporary,
            new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
        {
            file.Write(image);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>
    /// Finds a function of libtorch or of TorchSharp's library by its exported (possibly mangled) name.
    /// </summary>
    internal static bool TryGetExport(string symbol, out nint address)
    {
        EnsureLoaded();
        foreach (var handle in Handles)
            if (NativeLibrary.TryGetExport(handle, symbol, out address)) return true;
        address = 0;
        return false;
    }

    /// <summary>The library that exports a function; 0 where none does.</summary>
    internal static nint LibraryOf(string symbol)
    {
        EnsureLoaded();
        return Handles.Find(handle => NativeLibrary.TryGetExport(handle, symbol, out _));
    }

    private static readonly List<nint> Handles = [];

    private static void Open(string path)
    {
        var handle = dlopen(path, Now | Global);
        if (handle == 0) throw new DllNotFoundException($"cannot load {path}: {Marshal.PtrToStringUTF8(dlerror())}");
        Handles.Add(handle);
    }

    private const int Now = 2, Global = 0x100;
    [DllImport("libc")] private static extern nint dlopen(string path, int flags);
    [DllImport("libc")] private static extern nint dlerror();
}
