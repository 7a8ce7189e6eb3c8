using Parquet;
using Parquet.Schema;

namespace Interactive.Data;

/// <summary>
/// Writes pictures as a Parquet file in Hugging Face's layout: <c>image</c> {bytes, path}, <c>label</c>, and the
/// classes' names in the metadata; <c>mask</c> where there are masks.
/// </summary>
internal static class ParquetImages
{
    public static void Write(IEnumerable<EncodedImage> images, bool hasMasks, IReadOnlyList<string> classNames,
        string path, long limit)
    {
        var schema = new ParquetSchema([
            new StructField("image", new DataField("bytes", typeof(byte[]), true), new DataField("path",
                typeof(string), true)),
            new DataField("label", typeof(long), false), .. hasMasks
                ? (Field[])[new DataField("mask", typeof(byte[]), false)] : []]);
        var fields = schema.GetDataFields();
        using var file = File.Create(path);
        var writer = ParquetWriter.CreateAsync(schema, file,
            new ParquetOptions { CompressionMethod = CompressionMethod.None }).GetAwaiter().GetResult();
        var features = HuggingFaceClasses.Write(classNames);
        if (classNames.Count > 0)
            writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = features };
        var (rows, size) = (new List<EncodedImage>(), 0L);
        foreach (var image in images)
        {
            if (rows.Count > 0 && size + image.Bytes > limit) Flush();
            rows.Add(image);
            size += image.Bytes;
        }
        Flush();
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();

        void Flush()
        {
            using var group = writer.CreateRowGroup();
            group.WriteAsync(fields[0], [.. rows.Select(r => r.File.ToArray())], null).GetAwaiter().GetResult();
            group.WriteAsync(fields[1], [.. rows.Select(r => r.Name)], null).GetAwaiter().GetResult();
            group.WriteAsync<long>(fields[2], rows.Select(r => (long)r.Class).ToArray()).GetAwaiter().GetResult();
            if (hasMasks) group.WriteAsync(fields[3], [.. rows
                .Select(r => r.Mask.ToArray())], null).GetAwaiter().GetResult();
            rows.Clear();
            size = 0;
        }
    }
}
