-- Rows just written wait in the search index's list until the server moves them in, a second later, on a connection of its
-- own. How long the list may grow before whoever writes has to empty it is now each connection's to say (gin_pending_list_limit):
-- with the limit of the index a save now and then waited for thousands of rows of others.
ALTER INDEX customers_search RESET (gin_pending_list_limit);
