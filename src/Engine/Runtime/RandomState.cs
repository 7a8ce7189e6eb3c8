using System.Buffers.Binary;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// The state of the random generators that work on a device may draw from: the CPU's, and the device's own.
/// </summary>
internal sealed unsafe class RandomState : IDisposable
{
    private static readonly delegate* unmanaged<sbyte,
        nint> GeneratorOf = (delegate* unmanaged<sbyte, nint>)Export("_ZN2at4cuda6detail23getDefaultCUDAGeneratorEa");
    private static readonly delegate* unmanaged<nint,
        nint> GetState = (delegate* unmanaged<nint, nint>)Export("THSGenerator_get_rng_state");
    private static readonly delegate* unmanaged<nint, nint,
        void> SetState = (delegate* unmanaged<nint, nint, void>)Export("THSGenerator_set_rng_state");

    private readonly Tensor cpu;
    private readonly Tensor? gpu;
    private readonly sbyte index;

    private RandomState(Tensor cpu, Tensor? gpu, sbyte index) => (this.cpu, this.gpu, this.index) = (cpu, gpu, index);

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;

    /// <summary>The state now.</summary>
    public static RandomState Of(Device device)
    {
        var cpu = get_rng_state().DetachFromDisposeScope();
        if (device.type != DeviceType.CUDA) return new(cpu, null, 0);
        var index = (sbyte)Math.Max(0, device.index);
        return new(cpu, Tensor.UnsafeCreateTensor(GetState(Generator(index))).DetachFromDisposeScope(), index);
    }

    /// <summary>What draws until this is disposed leaves the generators as they were.</summary>
    public static IDisposable Keep(Device device) => new Kept(Of(device));

    private sealed class Kept(RandomState state) : IDisposable
    {
        public void Dispose()
        {
            state.PutBack();
            state.Dispose();
        }
    }

    /// <summary>Puts the generators back to where they were.</summary>
    public void PutBack()
    {
        set_rng_state(cpu);
        if (gpu is not null) SetState(Generator(index), gpu.Handle);
    }

    /// <summary>The state as bytes: the CPU generator's, followed by the GPU's.</summary>
    public byte[] ToBytes() => [.. cpu.bytes, .. gpu is null ? [] : gpu.bytes];

    /// <summary>
    /// Puts generators back to a state kept as bytes; one of another kind of device leaves the GPU's where it is.
    /// </summary>
    /// <exception cref="InvalidDataException">They are no state of a generator.</exception>
    public static void PutBack(ReadOnlySpan<byte> bytes, Device device)
    {
        using var now = Of(device);
        var length = (int)now.cpu.numel();
        if (!IsState(bytes, length)) throw new InvalidDataException("they are no state of a random generator");
        bytes[..length].CopyTo(now.cpu.bytes);
        if (now.gpu is not null && bytes.Length - length == now.gpu.numel()) bytes[length..].CopyTo(now.gpu.bytes);
        now.PutBack();
    }

    // libtorch looks as well, and ends the process. A Mersenne twister's: the seed, how many numbers are left and
    // whether it is seeded, the place of the next, the numbers.
    private static bool IsState(ReadOnlySpan<byte> bytes, int length)
    {
        const int Numbers = 624, Left = 8, Seeded = 12, Next = 16;
        return bytes.Length >= length && BinaryPrimitives.ReadInt32LittleEndian(bytes[Left..]) is > 0 and <= Numbers
            && BinaryPrimitives.ReadInt32LittleEndian(bytes[Seeded..]) == 1
            && BinaryPrimitives.ReadUInt64LittleEndian(bytes[Next..]) <= Numbers;
    }

    private static nint Generator(sbyte index)
        => GeneratorOf != null && GetState != null && SetState != null ? GeneratorOf(index)
        : throw new NotSupportedException("this libtorch does not export the random generators of its GPUs");

    /// <inheritdoc/>
    public void Dispose()
    {
        cpu.Dispose();
        gpu?.Dispose();
    }
}
