#!/usr/bin/env -S dotnet script
// A net that was exported, behind an address of the web. ONNX Runtime runs it: nothing of the engine is needed any more.
//   ./interactive export runs/latest --format onnx --out net.onnx
//   ./interactive run notebooks/serve.csx -- net.onnx 8080
//   curl http://localhost:8080/predict -H 'Content-Type: application/json' -d '[[0.1, 0.2, 0.3, 0.4]]'      # a row of numbers a sample
#r "sdk:Microsoft.NET.Sdk.Web"
#r "nuget: Microsoft.ML.OnnxRuntime, 1.31.1"
using Microsoft.AspNetCore.Builder;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

var session = new InferenceSession(Args[0]);
var (name, input) = session.InputMetadata.First();
var app = WebApplication.Create();
app.MapPost("/predict", (float[][] samples) =>
{
    int[] sizes = [samples.Length, .. input.Dimensions[1..]]; // the batch is free, the rest is the net's
    using var results = session.Run([NamedOnnxValue.CreateFromTensor(name, new DenseTensor<float>(samples.SelectMany(s => s).ToArray(), sizes))]);
    var scores = results.First().AsTensor<float>();
    return scores.Chunk((int)scores.Length / samples.Length).ToArray();
});
app.Run($"http://127.0.0.1:{Args[1]}");
