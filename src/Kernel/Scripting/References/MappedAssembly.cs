using System.IO.MemoryMappedFiles;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// References to files that stay as they are while the process lives, read where they lie: the compiler's own way
/// copies every image, 80 MB for the framework, of which it looks at a few.
/// </summary>
internal static unsafe class MappedAssembly
{
    /// <summary>
    /// A reference to a managed assembly, with the documentation that lies beside it. The mapping lasts as long as the
    /// process.
    /// </summary>
    /// <exception cref="BadImageFormatException">The file is no managed assembly.</exception>
    public static MetadataReference Reference(string path)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        // Acquired and never released: that keeps the view.
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        using var image = new PEReader(start, checked((int)new FileInfo(path).Length));
        if (!image.HasMetadata) throw new BadImageFormatException($"{path}: no managed assembly");
        var metadata = image.GetMetadata();
        var module = ModuleMetadata.CreateFromMetadata((nint)metadata.Pointer, metadata.Length);
        return AssemblyMetadata.Create(module).GetReference(new DocumentationFile(path), filePath: path, display: path);
    }
}
