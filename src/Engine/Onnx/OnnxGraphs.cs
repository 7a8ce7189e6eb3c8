using Interactive.Runtime;
using Interactive.Onnx;

namespace Interactive.Graphs;

/// <summary>Graphs from ONNX files and back.</summary>
public static class OnnxGraphs
{
    extension(Graph)
    {
        /// <summary>
        /// A graph of an ONNX file, with its weights, ready to be trained; see <see cref="OnnxImport"/> for what became
        /// of its operators.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="options">Free sizes, and which weights train.</param>
        /// <exception cref="UsageException">It cannot be read; the message says why.</exception>
        public static Graph FromOnnx(string path, OnnxOptions? options = null) => OnnxImport.Read(path, options).Graph;
    }

    extension(Graph graph)
    {
        /// <summary>
        /// Writes the net in evaluation mode as an ONNX file of opset 18, whose batch is free. What a net runs decides
        /// what is written: an imported file and a traced module come back as they were.
        /// </summary>
        /// <param name="path">The file, by custom <c>….onnx</c>; replaced at once when it is whole.</param>
        /// <param name="options">Names, classes, preprocessing, folded batch norms.</param>
        /// <exception cref="UsageException">An operator has no counterpart; the message names it.</exception>
        public void ToOnnx(string path, OnnxExportOptions? options = null)
        {
            var model = OnnxExport.Make(graph, options ?? new());
            ExportCheck.Run(graph, model);
            AtomicFile.Write(path, stream => OnnxWriter.Write(model, stream));
        }
    }
}
