using System.Buffers;

namespace Quire.Kernels.Cpu.Sampling;

internal static class TopK
{
    private const int HeapLimit = 1024;

    /// <summary>The k-th largest value.</summary>
    public static float Threshold(ReadOnlySpan<float> values, int k)
    {
        float[] array = ArrayPool<float>.Shared.Rent(k <= HeapLimit ? k : values.Length);
        float threshold = k <= HeapLimit ? ByHeap(values, array.AsSpan(0, k)) : BySelection(values, array.AsSpan(0, values.Length), k);
        ArrayPool<float>.Shared.Return(array);
        return threshold;
    }

    // A min-heap of the k largest seen so far: most values fail the first comparison.
    private static float ByHeap(ReadOnlySpan<float> values, Span<float> heap)
    {
        values[..heap.Length].CopyTo(heap);
        for (int i = (heap.Length / 2) - 1; i >= 0; i--) Sink(heap, i);
        foreach (float value in values[heap.Length..])
        {
            if (!(value > heap[0])) continue;
            heap[0] = value;
            Sink(heap, 0);
        }
        return heap[0];
    }

    private static void Sink(Span<float> heap, int parent)
    {
        float value = heap[parent];
        for (int child; (child = (2 * parent) + 1) < heap.Length; parent = child)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= value) break;
            heap[parent] = heap[child];
        }
        heap[parent] = value;
    }

    private static float BySelection(ReadOnlySpan<float> values, Span<float> copy, int k)
    {
        values.CopyTo(copy);
        copy.Sort();
        return copy[copy.Length - k];
    }
}
