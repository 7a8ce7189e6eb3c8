using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Named tensors in a file or several, read one at a time.</summary>
internal interface IWeightFile : IDisposable
{
    /// <summary>Type and shape by name.</summary>
    IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> Tensors { get; }

    /// <summary>Reads one; the caller owns it.</summary>
    /// <exception cref="InvalidDataException">The file is cut short or damaged.</exception>
    Tensor Read(string name);
}
