using System.Xml;
using System.Xml.Linq;

namespace Interactive.Data;

/// <summary>The names of a bucket's files (ListObjectsV2), a thousand an answer.</summary>
internal static class S3Listing
{
    /// <summary>The keys that begin with a prefix and lie in its folder, in ordinal order.</summary>
    /// <param name="origin">Who asks.</param>
    /// <param name="prefix">Such as <c>s3://bucket/folder/part</c>, encoded.</param>
    /// <exception cref="UsageException">There is no such bucket, or it may not be read.</exception>
    public static IReadOnlyList<string> Read(Origin origin, Uri prefix)
    {
        var keys = new List<string>();
        string? token = null;
        do
        {
            List<(string, string)> query =
            [
                ("list-type", "2"), ("delimiter", "/"), ("prefix", Uri.UnescapeDataString(prefix.AbsolutePath[1..])),
            ];
            if (token is not null) query.Add(("continuation-token", token));
            var bucket = new Uri($"{prefix.GetLeftPart(UriPartial.Authority)}/?{SignatureV4.Query(query)}");
            var answer = origin.Find(bucket) ?? throw new UsageException($"{Origin.Name(bucket)}: there is no such bucket");
            var list = Parse(answer, bucket);
            keys.AddRange(list.Elements().Where(e => e.Name.LocalName == "Contents")
                .Select(c => Text(c, "Key") ?? "").Where(k => k is not "" && !k.EndsWith('/')));
            var next = Text(list, "IsTruncated") == "true" ? Text(list, "NextContinuationToken") : null;
            if (next is not null && next == token) throw new UsageException($"{Origin.Name(bucket)}: the server's list of names does not end");
            token = next;
        }
        while (token is not null);
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    private static XElement Parse(byte[] answer, Uri bucket)
    {
        try
        {
            using var stream = new MemoryStream(answer);
            if (XElement.Load(stream) is { Name.LocalName: "ListBucketResult" } list) return list;
        }
        catch (XmlException) { }
        throw new UsageException($"{Origin.Name(bucket)}: the server's answer is no list of names: is AWS_ENDPOINT_URL an S3 server?");
    }

    private static string? Text(XElement of, string name)
        => of.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;
}
