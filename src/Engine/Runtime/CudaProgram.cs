using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// CUDA C, compiled for a GPU by the compiler that libtorch brings along (NVRTC) and run on the stream that
/// TorchSharp's kernels run on, which is CUDA's default stream.
/// </summary>
internal sealed unsafe class CudaProgram
{
    // depends on the compiler and on the driver, so functions of both are found through it
    private const string Library = "libcaffe2_nvrtc.so";
    private const uint Threads = 256, BlocksPerProcessor = 16;
    private const int Processors = 16, MajorCapability = 75, MinorCapability = 76; // CUdevice_attribute

    private readonly nint context, module;
    private readonly uint mostBlocks;
    private readonly ConcurrentDictionary<string, nint> functions = new();

    /// <summary>Compiles; the program stays for the life of the process.</summary>
    /// <param name="source">CUDA C without headers; products and sums are not contracted.</param>
    /// <param name="index">Of the GPU.</param>
    /// <exception cref="NotSupportedException">There is no compiler or driver, or one of them refused; the message says
    /// which.</exception>
    public CudaProgram(string source, int index)
    {
        if (!NativeLibrary.TryLoad(Path.Combine(TorchLoader.LibtorchFolder ?? "", Library), out _))
            throw new NotSupportedException($"{Library} cannot be loaded from libtorch's folder");
        try
        {
            using var first = empty(1, device: device(TorchSharp.DeviceType.CUDA, index)); // libtorch makes the context
            Check(cuDevicePrimaryCtxRetain(out context, index));
            mostBlocks = (uint)Attribute(Processors, index) * BlocksPerProcessor;
            var binary = Compile(source,
                $"--gpu-architecture=sm_{Attribute(MajorCapability, index)}{Attribute(MinorCapability, index)}");
            Enter();
            Check(cuModuleLoadData(out module, binary));
        }
        catch (EntryPointNotFoundException e) { throw new NotSupportedException(e.Message); }
    }

    /// <summary>
    /// Queues a kernel over <paramref name="items"/> numbers or groups of numbers; its threads stride over them.
    /// </summary>
    /// <param name="kernel">Its name, declared <c>extern "C"</c>.</param>
    /// <param name="items">How many at most can be worked on at once.</param>
    /// <param name="arguments">Device addresses and 32-bit numbers, in order.</param>
    public void Launch(string kernel, long items, params ReadOnlySpan<long> arguments)
    {
        var function = functions.GetOrAdd(kernel, name =>
        {
            Check(cuModuleGetFunction(out var found, module, name));
            return found;
        });
        Enter();
        var blocks = (uint)Math.Clamp((items + Threads - 1) / Threads, 1, mostBlocks);
        var places = stackalloc void*[arguments.Length];
        fixed (long* first = arguments) // a number of 32 bits is the lower half, which comes first
        {
            for (var i = 0; i < arguments.Length; i++) places[i] = first + i;
            Check(cuLaunchKernel(function, blocks, 1, 1, Threads, 1, 1, 0, 0, places, null));
        }
    }

    // A thread that has not worked on this GPU before has another context, or none.
    private void Enter()
    {
        Check(cuCtxGetCurrent(out var current));
        if (current != context) Check(cuCtxSetCurrent(context));
    }

    private static byte[] Compile(string source, string architecture)
    {
        Check(nvrtcCreateProgram(out var program, source, "kernels.cu", 0, 0, 0));
        try
        {
            var failed = nvrtcCompileProgram(program, 2, [architecture, "--fmad=false"]);
            if (failed != 0)
            {
                Check(nvrtcGetProgramLogSize(program, out var length));
                var log = new byte[length];
                Check(nvrtcGetProgramLog(program, log));
                throw new NotSupportedException($"NVRTC refused a program ({failed}): {System.Text.Encoding.UTF8.GetString(log).TrimEnd('\0', '\n')}");
            }
            Check(nvrtcGetCUBINSize(program, out var size));
            var binary = new byte[size];
            Check(nvrtcGetCUBIN(program, binary));
            return binary;
        }
        finally { nvrtcDestroyProgram(ref program); }
    }

    private static int Attribute(int attribute, int device)
    {
        Check(cuDeviceGetAttribute(out var value, attribute, device));
        return value;
    }

    private static void Check(int result,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 0)
            throw new NotSupportedException($"CUDA error {result} of {call[..Math.Max(0, call.IndexOf('('))]}");
    }

    [DllImport(Library)]
    private static extern int nvrtcCreateProgram(out nint program, string source, string name,
        int headers, nint sources, nint names);
    [DllImport(Library)] private static extern int nvrtcCompileProgram(nint program, int count, string[] options);
    [DllImport(Library)] private static extern int nvrtcGetProgramLogSize(nint program, out nuint size);
    [DllImport(Library)] private static extern int nvrtcGetProgramLog(nint program, byte[] log);
    [DllImport(Library)] private static extern int nvrtcGetCUBINSize(nint program, out nuint size);
    [DllImport(Library)] private static extern int nvrtcGetCUBIN(nint program, byte[] binary);
    [DllImport(Library)] private static extern int nvrtcDestroyProgram(ref nint program);
    [DllImport(Library)] private static extern int cuDeviceGetAttribute(out int value, int attribute, int device);
    [DllImport(Library)] private static extern int cuDevicePrimaryCtxRetain(out nint context, int device);
    [DllImport(Library)] private static extern int cuCtxGetCurrent(out nint context);
    [DllImport(Library)] private static extern int cuCtxSetCurrent(nint context);
    [DllImport(Library)] private static extern int cuModuleLoadData(out nint module, byte[] binary);
    [DllImport(Library)] private static extern int cuModuleGetFunction(out nint function, nint module, string name);
    [DllImport(Library)]
    private static extern int cuLaunchKernel(nint function, uint blocksX, uint blocksY,
        uint blocksZ, uint threadsX, uint threadsY, uint threadsZ, uint shared, nint stream, void** arguments,
        void** extra);
}
