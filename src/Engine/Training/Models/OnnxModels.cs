using System.Text.Json;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Onnx;

namespace Interactive.Training;

/// <summary>Models from ONNX files and back, with the names of their classes and their preprocessing.</summary>
public static class OnnxModels
{
    extension(Model)
    {
        /// <summary>
        /// A net of an ONNX file, in evaluation mode, with the classes and the normalisation that the file keeps, if it
        /// does.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="options">Sizes that the file leaves free.</param>
        /// <exception cref="UsageException">It cannot be read; the message says why.</exception>
        public static Model FromOnnx(string path, OnnxOptions? options = null)
        {
            var import = OnnxImport.Read(path, options);
            import.Graph.eval();
            return new Model(import.Graph, Kept<string[]>("classes") ?? [], Kept<Normalisation>("normalisation"),
                new Dictionary<string, double>(), import.Metadata.GetValueOrDefault("steps"), import.Metadata.GetValueOrDefault("columns"));

            T? Kept<T>(string key) where T : class
            {
                try
                {
                    return import.Metadata.TryGetValue(key, out var text) ? JsonSerializer.Deserialize<T>(text)
                    : null;
                }
                catch (JsonException e) { throw new UsageException($"{path}: its {key} cannot be read: {e.Message.ReplaceLineEndings(" ")}"); }
            }
        }
    }

    extension(Model model)
    {
        /// <summary>Writes the net as an ONNX file that keeps the classes and the normalisation.</summary>
        /// <param name="path">The file, by custom <c>….onnx</c>.</param>
        /// <param name="foldBatchNorm">Batch norms become part of the convolutions before them.</param>
        /// <exception cref="UsageException">An operator has no counterpart; the message names it.</exception>
        public void ToOnnx(string path, bool foldBatchNorm = false)
            => model.Graph.ToOnnx(path,
            new OnnxExportOptions
            {
                Classes = model.Classes,
                Normalisation = model.Normalisation,
                PictureSteps = model.PictureSteps,
                TableColumns = model.TableColumns,
                FoldBatchNorm = foldBatchNorm,
            });
    }
}
