//! What the service says of searches and of pages (gemini-api §13), as it is read. Pure.

use super::super::wire::{GroundingChunk, GroundingMetadata, GroundingSupport, UrlContextMetadata};
use crate::chat::grounding::{Grounding, Source, Support};

/// Takes what a chunk of an answer says of its sources. What comes later says all that came before.
pub(super) fn take(grounding: &mut Grounding, found: GroundingMetadata) {
    let GroundingMetadata {
        web_search_queries,
        grounding_chunks,
        grounding_supports,
    } = found;
    let queries = web_search_queries.into_iter();
    let queries: Vec<String> = queries.filter(|it| !it.trim().is_empty()).collect();
    if !queries.is_empty() {
        grounding.queries = queries;
    }
    if !grounding_chunks.is_empty() {
        // Each keeps its place: passages name them by it.
        let source = |chunk: GroundingChunk| {
            let web = chunk.web.unwrap_or_default();
            let title = if web.title.trim().is_empty() {
                web.uri.clone()
            } else {
                web.title
            };
            Source {
                uri: web.uri,
                title,
            }
        };
        grounding.sources = grounding_chunks.into_iter().map(source).collect();
    }
    if !grounding_supports.is_empty() {
        let support = |it: GroundingSupport| Support {
            end: it.segment.end_index,
            text: it.segment.text,
            sources: it.grounding_chunk_indices,
        };
        grounding.supports = grounding_supports.into_iter().map(support).collect();
    }
}

/// The same of the pages that were opened.
pub(super) fn take_pages(grounding: &mut Grounding, found: UrlContextMetadata) {
    for page in found.url_metadata {
        if page.url_retrieval_status.ends_with("_SUCCESS") {
            grounding.has_read = true;
        } else if !page.retrieved_url.is_empty() && !grounding.unread.contains(&page.retrieved_url)
        {
            grounding.unread.push(page.retrieved_url);
        }
    }
}
